"""The commit in a record is the package's commit, wherever it is installed."""

import subprocess

import pytest

import inpaint_jax
from inpaint_jax.runs import record


def git(folder, *arguments):
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package in a folder of a new repository, not yet added to it."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README").touch()
    git(tmp_path, "add", "README")
    git(tmp_path, "commit", "--quiet", "--message=Begin")
    folder = tmp_path / "site-packages" / "inpaint_jax"
    (folder / "losses").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "losses" / "__init__.py").touch()
    monkeypatch.setattr(record, "PACKAGE", folder)
    return folder


def test_an_installed_package_has_a_version_even_inside_another_checkout(package):
    assert record.commit() == f"v{inpaint_jax.__version__}"


def test_a_checkout_has_a_commit_and_shows_changes_in_every_room(package):
    git(package, "add", ".")
    git(package, "commit", "--quiet", "--message=Add the package")
    head = git(package, "rev-parse", "--short=12", "HEAD")
    assert record.commit() == head
    (package / "losses" / "__init__.py").write_text("edited = True\n")
    assert record.commit() == f"{head}+changes"
