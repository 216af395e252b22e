"""A worker killed after its receiver got a webhook, and before that was recorded."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from local.temporal import LocalTemporal
from tests.e2e.brakes import brakes_in
from tests.e2e.site import site_on
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def test_the_receiver_knows_the_repetition(
    module_database_url: str, temporal: LocalTemporal, tmp_path: Path
) -> None:
    """Another worker posts the same bytes under the same id, signed; the receiver can tell, and nothing is lost."""
    got: list[tuple[str, str, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        body, headers = await request.read(), {name.lower(): value for name, value in request.headers.items()}
        Webhook(SECRET).verify(body, headers)
        got.append((headers["webhook-id"], headers["idempotency-key"], body))
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/", handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    settings = {
        "webhook_provider": "http",
        "webhook_secret": SECRET,
        "webhook_allow": "127.0.0.0/8",
        "reconcile_every_s": 5,
    }
    try:
        async with (
            site_on(module_database_url, temporal, tmp_path, **settings) as site,
            brakes_in(module_database_url) as brakes,
        ):
            await site.rig.execute("UPDATE tenants SET webhook_allow = ARRAY['127.0.0.1']")
            key = await site.rig.publish(
                f"{{sequence: hooked, steps: [{{id: hook, type: webhook, url: 'http://127.0.0.1:{server.port}/'}}]}}"
            )
            contact = await site.rig.contact()
            brake = await brakes.on("settle", contact.id)
            async with site.worker() as worker:
                [enrollment] = await site.rig.enroll(key, contact)
                await brake.reached()
                assert len(got) == 1
                await worker.kill()
            await brake.release()
            async with site.worker():

                async def ended() -> None:
                    assert (await site.rig.enrollment(enrollment))["status"] == "completed"

                await assert_eventually(ended, timeout_s=120.0)
            assert len(got) == 2
            assert got[0] == got[1]
            assert (await site.rig.job(enrollment, "hook"))["state"] == "sent"
    finally:
        await server.close()
