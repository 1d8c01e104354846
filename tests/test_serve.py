import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import psutil
import pytest

from orbita.devtools.fixtures import PATIENCE, Place, Service, eventually

pytestmark = pytest.mark.server
Start = Callable[..., Service]


def answers(service: Service) -> bool:
    with suppress(URLError, OSError), urlopen(f"{service.url}/healthz", timeout=5) as response:
        return bool(response.read() == b"ok")
    return False


def child(service: Service, name: str) -> psutil.Process | None:
    for process in psutil.Process(service.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if name in process.cmdline():
                return process
    return None


def family(service: Service) -> list[psutil.Process]:
    parent = psutil.Process(service.process.pid)
    return [parent, *parent.children(recursive=True)]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_an_empty_base_greets_with_a_link_that_makes_the_first_administrator(
    start_service: Start,
) -> None:
    service = start_service()
    [link] = [line.strip() for line in service.greeting if "http" in line]
    assert link.startswith(service.url)
    with urlopen(link) as response:
        assert response.status == 200


def test_it_stops_cleanly_and_starts_again_on_the_same_data(start_service: Start) -> None:
    for _ in range(2):
        service = start_service()
        assert answers(service)
        eventually(partial(child, service, "worker"))
        processes = family(service)
        assert len(processes) >= 4
        assert service.stop() == 0
        assert gone(processes)
        assert "killed" not in service.errors.read_text()


@pytest.mark.no_database
def test_it_is_ready_whatever_name_it_is_known_by(start_service: Start) -> None:
    service = start_service(ORBITA_HOSTS="crm.example.com", ORBITA_URL="https://crm.example.com")
    assert answers(service)
    [link] = [line.strip() for line in service.greeting if "http" in line]
    assert link.startswith("https://crm.example.com/")


def test_the_demo_says_whom_to_sign_in_as_and_is_loaded_once(
    place: Place, start_service: Start
) -> None:
    count = "from orbita.clients.models import Client; print(Client.objects.count())"
    first = start_service("demo")
    assert any("@" in line for line in first.greeting)
    assert first.stop() == 0
    loaded = int(place.run("manage", "shell", "-v", "0", "-c", count).stdout)
    second = start_service("demo")
    assert second.greeting == first.greeting
    assert second.stop() == 0
    assert int(place.run("manage", "shell", "-v", "0", "-c", count).stdout) == loaded > 1000


@pytest.mark.no_database
def test_ctrl_c_stops_it_too(start_service: Start) -> None:
    service = start_service()
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(30) == 0


@pytest.mark.no_database
@pytest.mark.parametrize("name", ["granian", "worker"])
def test_what_dies_is_started_again(start_service: Start, name: str) -> None:
    service = start_service()
    eventually(lambda: child(service, name))
    dead = child(service, name)
    assert dead
    dead.kill()

    def is_back() -> bool:
        now = child(service, name)
        return now is not None and now.pid != dead.pid and answers(service)

    eventually(is_back)


@pytest.mark.no_database
def test_the_process_that_answers_requests_is_started_again(start_service: Start) -> None:
    service = start_service()
    master = child(service, "granian")
    assert master
    [dead] = master.children()
    dead.kill()
    eventually(lambda: [p.pid for p in master.children()] != [dead.pid] and answers(service))


class Visitor:
    """A browser as far as forms need one."""

    def __init__(self, service: Service) -> None:
        self._url, self._jar = service.url, CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._jar))

    def get(self, path: str) -> str:
        with self._opener.open(urljoin(self._url, path), timeout=30) as response:
            return str(response.read().decode())

    def post(self, path: str, data: dict[str, str]) -> str:
        self.get(path)
        [token] = [cookie.value or "" for cookie in self._jar if cookie.name == "csrftoken"]
        body = urlencode(data | {"csrfmiddlewaretoken": token}).encode()
        with self._opener.open(urljoin(self._url, path), body, timeout=30) as response:
            return str(response.read().decode())


def test_two_web_processes_share_people_cards_and_imports(
    place: Place, start_service: Start, tmp_path: Path
) -> None:
    service = start_service("serve", "--workers", "2")
    master = child(service, "granian")
    assert master
    assert len(master.children()) == 2
    visitor = Visitor(service)
    [link] = [line.strip() for line in service.greeting if "http" in line]
    owner = {"email": "anna@example.com", "name": "Анна", "password": "dlinnyj-parol-7"}
    visitor.post(link, owner | {"company": "Два", "time_zone": "Asia/Omsk", "currency": "RUB"})
    sheet = tmp_path / "clients.csv"
    rows = [f"{number};Клиент Номер{number}" for number in range(3000)]
    sheet.write_text("\n".join(["Код;ФИО", *rows]), encoding="utf-8")
    importing = place.command("import", str(sheet), "--format", "json")
    names = ["Абрамов", "Белов", "Васин", "Громов", "Ершов", "Жилин", "Зайцев", "Ильин", "Крылов"]
    for name in names:
        visitor.post("/clients/new/quick/", {"kind": "person", "name": name})
    output, errors = importing.communicate(timeout=PATIENCE)
    assert json.loads(output)["created"] == 3000, errors
    # Whichever process answers knows who asks and what was saved.
    found = [visitor.get(f"/clients/?{urlencode({'q': name})}") for name in names]
    assert all(name in page for name, page in zip(names, found, strict=True))
    dead = master.children()[0]
    dead.kill()
    eventually(lambda: dead not in master.children() and len(master.children()) == 2)
    assert all("Анна" in visitor.get("/clients/") for _ in names)


@pytest.mark.no_database
def test_nothing_outlives_a_killed_parent(start_service: Start) -> None:
    service = start_service()
    processes = family(service)
    service.process.kill()
    service.process.wait()
    eventually(lambda: gone(processes))


@pytest.mark.no_database
def test_a_taken_port_is_one_line(place: Place, start_service: Start) -> None:
    port = start_service().url.rsplit(":", 1)[1]
    done = place.run("serve", "--port", port)
    assert done.returncode == 1
    assert done.stderr == f"orbita: 127.0.0.1:{port} is taken; choose another --port\n"


def test_a_request_under_way_is_answered_before_the_stop(start_service: Start) -> None:
    service = start_service()
    host, port = service.url.removeprefix("http://").split(":")
    body = b"a=" + b"x" * 1000
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body[:10])
        time.sleep(0.2)
        with ThreadPoolExecutor() as pool:
            stopped = pool.submit(service.stop)
            time.sleep(0.2)
            connection.sendall(body[10:])
            assert connection.recv(100).startswith(b"HTTP/1.1 ")
            assert stopped.result() == 0


def test_the_whole_service_is_small_when_idle(start_service: Start) -> None:
    service = start_service()
    eventually(lambda: child(service, "worker"))
    for _ in range(20):
        assert answers(service)
    used = sum(process.memory_info().rss for process in family(service))
    assert used < 350 * 1024 * 1024


@pytest.mark.no_database
def test_a_base_that_does_not_answer_ends_the_start_with_one_line(place: Place) -> None:
    done = place.run("serve", "--port", "0", DATABASE_URL="postgres://a:b@127.0.0.1:1/c")
    assert done.returncode == 1
    assert done.stderr.startswith("orbita: the database does not answer: ")
    assert done.stderr.count("\n") == 1


def test_the_worker_hands_back_a_job_it_cannot_finish_in_time(place: Place) -> None:
    """The job waits for a file that never comes; the next worker must not wait for the lease."""
    module = place.data.parent / "slow_jobs.py"
    module.write_text(
        "import time\nfrom pathlib import Path\nfrom orbita.core.jobs import task\n"
        "@task(atomic=False)\ndef wait(path):\n    Path(path).touch()\n    time.sleep(600)\n"
    )
    path = f"{place.environment['PYTHONPATH']}{os.pathsep}{module.parent}"
    begun = place.data.parent / "begun"
    enqueue = f"import slow_jobs; slow_jobs.wait.enqueue({str(begun)!r})"
    assert place.run("manage", "shell", "-c", enqueue, PYTHONPATH=path).returncode == 0
    worker = place.command("worker", PYTHONPATH=path)
    eventually(begun.exists)
    worker.send_signal(signal.SIGTERM)
    try:
        worker.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        worker.kill()
        raise
    assert worker.returncode == 0
    show = (
        "from orbita.core.models import Job;"
        "job = Job.objects.get(task='slow_jobs.wait'); print(job.status, job.attempts)"
    )
    assert "queued 0" in place.run("manage", "shell", "-c", show, PYTHONPATH=path).stdout
