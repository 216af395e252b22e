"""`python -m cli`, as the front door calls it."""

from entrypoint import Exit, end_process


def _main() -> int:
    try:
        # Here and not above: this import takes most of a command's start, and Ctrl-C may come in the midst of it.
        from cli.app import main

        return main()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


if __name__ == "__main__":
    end_process(_main())
