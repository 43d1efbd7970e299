"""A set comes out the same in a folder and in an object store; S3 is served on this machine by moto."""

import hashlib
import logging
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts import stimulus_set
from contracts.stimulus_set import StimulusSetError
from stimuli.config import StimuliConfig
from stimuli.errors import StorageError
from stimuli.produce.publishing import is_complete, local_copy
from stimuli.produce.storage import Folder, storage_at
from tests.stimuli.sample_set import contents, make, pictures

pytestmark = pytest.mark.slow

SECRET = "not-to-be-seen"


@pytest.fixture(scope="module")
def s3_server():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """A new bucket's URL; the environment leads to it, as it would to a service's."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"stimuli-{uuid4().hex[:12]}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/{name}", method="PUT")).close()
    return f"s3://{name}"


@pytest.fixture
def places(tmp_path, bucket):
    return {"folder": tmp_path / "set", "memory": f"memory://{uuid4().hex}/set", "s3": f"{bucket}/a/set"}


@pytest.fixture
def images(tmp_path):
    return pictures(tmp_path / "pictures")


def config(output: Path | str) -> StimuliConfig:
    return StimuliConfig(output=output, device="cpu", batch_size=2, seed=1)


def held(location: Path | str) -> dict[str, bytes]:
    storage = storage_at(location)
    return {name: storage.read(name) for name in storage.names()}


@pytest.mark.parametrize("place", ["folder", "memory", "s3"])
def test_a_storage_keeps_files_by_name(places, place):
    storage = storage_at(places[place])
    assert storage.names() == set()
    storage.write({"one": b"1", "deep/er/two": b"2" * 70_000, ".hidden/three": b""})
    storage.write({"one": b"changed"})
    assert storage.names() == {"one", "deep/er/two", ".hidden/three"}
    assert [storage.read(name) for name in ("one", "deep/er/two", ".hidden/three")] == [b"changed", b"2" * 70_000, b""]
    assert storage.is_intact("one", hashlib.sha256(b"changed").hexdigest())
    storage.remove(["one", "deep/er/two"])
    storage.remove([])
    assert storage.names() == {".hidden/three"}
    with pytest.raises(FileNotFoundError):
        storage.read("one")


@pytest.mark.parametrize("place", ["memory", "s3"])
def test_a_set_in_an_object_store_is_that_of_a_folder(tmp_path, places, images, place):
    expected = contents(make(tmp_path / "local", images))
    assert make(places[place], images, config=config(places[place])) == places[place]
    assert held(places[place]) == expected


def test_a_run_to_s3_that_broke_off_goes_on_and_ends_in_the_same_objects(tmp_path, places, images):
    class Stopped(Exception):
        pass

    def stop(done, total):
        if done > 2 * len(images):
            raise Stopped

    with pytest.raises(Stopped):
        make(places["s3"], images, config=config(places["s3"]), progress=stop)
    broken_off = storage_at(places["s3"]).names()
    assert stimulus_set.TABLE not in broken_off
    assert any(name.startswith(".unfinished/") for name in broken_off)
    make(places["s3"], images, config=config(places["s3"]))
    assert held(places["s3"]) == contents(make(tmp_path / "local", images))


def test_the_table_is_the_last_object_that_the_service_takes(places, images, caplog):
    with caplog.at_level(logging.INFO, "werkzeug"):
        make(places["s3"], images, config=config(places["s3"]))
    taken = re.findall(r"PUT /stimuli-\w+/a/set/(\S+)", caplog.text)
    assert len(taken) > 20
    assert [place for place, name in enumerate(taken) if name == stimulus_set.TABLE] == [len(taken) - 1]


def test_a_set_of_another_request_is_put_aside_in_s3_too(places, images):
    make(places["s3"], images, config=config(places["s3"]), request_sha256="earlier")
    before = held(places["s3"])
    changed = config(places["s3"]).model_copy(update={"seed": 2})
    make(places["s3"], images, config=changed, request_sha256="later")
    assert is_complete(storage_at(places["s3"]), "later", {"strong": "a" * 64, "weak": "b" * 64})
    after = held(places["s3"])
    (superseded,) = (name for name in after if name.startswith(stimulus_set.SUPERSEDED))
    assert after[superseded] == before[stimulus_set.TABLE]
    assert {name: content for name, content in before.items() if name.endswith(".png")}.items() <= after.items()


@pytest.mark.parametrize("place", ["memory", "s3"])
def test_a_finished_set_is_fetched_whole_and_again_at_no_cost(tmp_path, places, images, place):
    make(places[place], images, config=config(places[place]))
    folder = local_copy(places[place], tmp_path / "copy")
    assert contents(folder) == held(places[place])
    assert stimulus_set.verify(folder)
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*.png")}
    local_copy(places[place], folder)
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*.png")} == before


def test_a_folder_is_its_own_copy(tmp_path):
    assert local_copy(tmp_path / "set", tmp_path / "copy") == tmp_path / "set"


def test_an_unfinished_or_altered_set_is_not_fetched(tmp_path, places, images):
    with pytest.raises(StimulusSetError, match=r"no finished stimulus set in s3://.*generate-stimuli"):
        local_copy(places["s3"], tmp_path / "copy")
    make(places["s3"], images, config=config(places["s3"]))
    picture = next(name for name in held(places["s3"]) if name.endswith(".png"))
    storage_at(places["s3"]).write({picture: b"something else"})
    with pytest.raises(StimulusSetError, match=f"{picture} is not what stimuli.csv beside it says"):
        local_copy(places["s3"], tmp_path / "copy")
    assert not (tmp_path / "copy" / stimulus_set.TABLE).exists()


def test_a_bucket_that_is_not_there_is_named(images, bucket):
    with pytest.raises(StorageError, match=r"cannot write s3://no-such-bucket/set: there is no such bucket; make it"):
        make("s3://no-such-bucket/set", images, config=config("s3://no-such-bucket/set"))


def test_a_service_that_does_not_answer_is_told_and_no_credential_is(bucket, monkeypatch, caplog, capsys):
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(StorageError, match=r"cannot list s3://bucket/set: .*127\.0\.0\.1:9"),
    ):
        storage_at("s3://bucket/set").names()
    s3fs.S3FileSystem.clear_instance_cache()
    assert SECRET not in caplog.text + "".join(capsys.readouterr())


def test_a_definition_names_a_folder_or_a_url(tmp_path, monkeypatch):
    def output(text):
        return TypeAdapter(StimuliConfig).validate_python({"output": text}, context={"folder": tmp_path}).output

    monkeypatch.setenv("BUCKET", "mine")
    assert output("set") == tmp_path / "set"
    assert output("s3://${BUCKET}/a/set") == "s3://mine/a/set"
    with pytest.raises(ValidationError, match="an environment variable in it is not set"):
        output("s3://${NO_SUCH_BUCKET}/set")


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/set", "s3://key@bucket/set"])
def test_credentials_in_a_url_are_refused_without_repeating_them(url):
    with pytest.raises(StorageError, match="put them into the environment") as refused:
        storage_at(url)
    assert "key" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    code = "import sys; sys.modules['s3fs'] = None; from stimuli.produce.storage import storage_at; storage_at('s3://bucket/set')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert re.search(r"StorageError: s3://bucket/set .*pip install -r requirements-s3\.txt", done.stderr)


def test_an_unknown_kind_of_place_is_refused():
    with pytest.raises(StorageError, match=r"nowhere://x cannot be used: .*give a folder or s3://bucket/prefix"):
        storage_at("nowhere://x")


def test_files_that_are_written_together_are_on_the_disk_before_any_has_its_name(tmp_path, monkeypatch):
    """What a killed machine keeps is whole: a name never stands for bytes that the disk has not."""
    steps = []
    synchronise, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append("disk") or synchronise(descriptor))
    monkeypatch.setattr(os, "replace", lambda *names: steps.append("name") or rename(*names))
    Folder(tmp_path).write({"a": b"1", "b/c": b"2", "b/d": b"3"})
    assert steps == ["disk"] * 3 + ["name"] * 3
    assert contents(tmp_path) == {"a": b"1", "b/c": b"2", "b/d": b"3"}
