"""Files for TensorBoard's projector, as its own server and page read them."""

import json
import threading
from urllib.parse import quote

import numpy as np
import pytest

from fasttsne import tables

RNG = np.random.default_rng(0)
Y = RNG.normal(size=(40, 2)).astype(np.float32)
X = RNG.normal(size=(40, 5)).astype(np.float32)
PAGE = "projector_binary.html"


@pytest.fixture
def apps(tmp_path):
    """What the plugin answers, by address, for a folder that we wrote."""
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin

    names = [f"point {i}" for i in range(40)]
    names[3] = ""
    tables.write_projector(tmp_path, {"t-SNE": Y, 'the "data" é': X}, names=names)
    return ProjectorPlugin(TBContext(logdir=str(tmp_path))).get_plugin_apps()


def test_the_server_reads_what_was_written(apps, tmp_path):
    from werkzeug.test import Client

    def get(route, name=""):
        answer = Client(apps[route]).get(f"{route}?run=.&name={quote(name)}")
        assert answer.status_code == 200, answer.data
        return answer.data

    assert json.loads(Client(apps["/runs"]).get("/runs").data) == ["."]
    arrays = {"t-SNE": np.c_[Y, np.zeros(40, np.float32)], 'the "data" é': X}
    told = json.loads(get("/info"))["embeddings"]
    assert {one["tensorName"]: one["tensorShape"] for one in told} == {
        name: [*array.shape] for name, array in arrays.items()
    }
    for name, array in arrays.items():
        assert get("/tensor", name) == np.ascontiguousarray(array).tobytes()
        assert get("/metadata", name) == (tmp_path / "metadata.tsv").read_bytes()


@pytest.fixture
def address(apps):
    """A server of the plugin on this machine."""
    from werkzeug.serving import make_server

    def serve(environ, start_response):
        return apps["/" + environ["PATH_INFO"].rsplit("/", 1)[-1]](environ, start_response)

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/data/plugin/projector"
    server.shutdown()
    thread.join()


@pytest.mark.slow
def test_the_page_draws_every_point(chromium, address):
    """It draws none that has a component which is no number, and then tells NaN%."""
    page = chromium.new_page()
    page.goto(f"{address}/{PAGE}")
    variance = page.get_by_text("Total variance described: ")
    variance.wait_for(timeout=60_000)
    assert variance.text_content().strip() == "Total variance described: 100.0%."
    assert page.get_by_text("Points: 40").count() == 1
    assert page.get_by_text("do not match the number of lines").count() == 0
    page.close()
