"""The local stack signs links with a key of its own."""

from pathlib import Path

from local.secret_key import secret_key


def test_the_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    """A link that was sent before a restart is still valid after it; another folder has another key."""
    key = secret_key(tmp_path)
    assert len(key) == 43
    assert secret_key(tmp_path) == key
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    assert secret_key(tmp_path / "other") != key
