"""bench/compare.py reads what pytest-benchmark wrote, and the files of releases are such files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted((ROOT / "bench" / "releases").glob("*.json"))


def compare(*arguments):
    command = [sys.executable, ROOT / "bench" / "compare.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def written(path, **medians):
    results = [{"name": name, "stats": {"median": median}} for name, median in medians.items()]
    recorded = {
        "machine_info": {"cpu": "abacus", "cores": 1},
        "commit_info": {"id": "0123456789abcdef"},
        "benchmarks": results,
    }
    path.write_text(json.dumps(recorded))
    return path


def test_two_files(tmp_path):
    A = written(tmp_path / "a.json", test_knn=2.0, test_old=1.0)
    B = written(tmp_path / "b.json", test_knn=0.5, test_new=1.0)
    done = compare(A, B)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["A: a.json, commit 0123456789", "   cpu abacus, cores 1"]
    rows = {line.split()[0]: line.split() for line in lines[5:]}
    assert rows["test_knn"][1:6] == ["2000.00", "ms", "500.00", "ms", "0.25"]
    assert rows["test_old"][1:] == ["only", "in", "A"]
    assert rows["test_new"][1:] == ["only", "in", "B"]


WRONG = [
    *("", "[]", "{}", '{"machine_info": {}, "benchmarks": []}'),
    '{"machine_info": {}, "commit_info": null, "benchmarks": []}',
    '{"machine_info": [1], "commit_info": {"id": "1"}, "benchmarks": []}',
    '{"machine_info": {}, "commit_info": {"id": "1"}, "benchmarks": [{"name": "a"}]}',
]


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_is_none_is_named(tmp_path, text):
    A = written(tmp_path / "a.json", test_knn=1.0)
    B = tmp_path / "b.json"
    B.write_text(text)
    done = compare(A, B)
    assert done.returncode == 1 and f"{B} is no file of `make bench`" in done.stderr
    missing = compare(A, tmp_path / "c.json")
    assert missing.returncode == 1 and f"{tmp_path / 'c.json'} is no file" in missing.stderr


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_the_file_of_a_release(path):
    done = compare(path, path)
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[5:]
    assert len(rows) > 10 and all(row.split()[5] == "1.00" for row in rows)
    recorded = json.loads(path.read_text())
    assert recorded["machine_info"]["fasttsne"] == path.stem
    assert set(recorded["machine_info"]) == {
        *("cpu", "cores", "kernels", "threads", "python", "torch", "fasttsne")
    }
    assert not recorded["commit_info"]["dirty"]
