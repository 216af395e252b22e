"""The command line: every command of `./touchline`, in the order in which a user meets them."""

import traceback

import typer

from cli.commands import (
    archive,
    authoring,
    campaigns,
    console,
    contacts,
    control,
    conversation,
    dead_letters,
    enrollments,
    event,
    keys,
    law,
    migrate,
    outbox,
    read,
    reply,
    reviews,
    senders,
    sequences,
    simulate,
    tasks,
    tenant,
    tenants,
    tools,
    up,
    webhooks,
)
from cli.demo import command as demo
from cli.doctor import command as doctor
from cli.terminal.command import EXIT_CODES
from entrypoint import Exit

app = typer.Typer(
    name="touchline",
    help="Durable multi-touch message sequences on Temporal and PostgreSQL.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
demo.register(app)
up.register(app)
doctor.register(app)
migrate.register(app)
authoring.register(app)
simulate.register(app)
contacts.register(app)
tenant.register(app)
law.register(app)
tenants.register(app)
senders.register(app)
enrollments.register(app)
campaigns.register(app)
control.register(app)
reply.register(app)
event.register(app)
tasks.register(app)
conversation.register(app)
reviews.register(app)
read.register(app)
sequences.register(app)
archive.register(app)
outbox.register(app)
keys.register(app)
webhooks.register(app)
dead_letters.register(app)
tools.register(app)
console.register(app)


def main() -> int:
    """Run the command that the arguments name; its exit status."""
    try:
        app(prog_name="touchline")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.REFUSED
    except Exception:
        traceback.print_exc()
        return Exit.REFUSED
    return Exit.DONE
