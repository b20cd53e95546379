"""Processes that are the ranks of torch.distributed, for tests of what ranks do together."""

import multiprocessing
import socket
import traceback
from contextlib import closing

import torch

SECONDS = 120
"""After which ranks that do not answer fail a test."""


class RanksFailed(Exception):
    """What the ranks raised: ``errors[i]`` is the text of rank i, or None."""

    def __init__(self, errors):
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


class RankProcesses:
    """Processes on this machine, each a rank on one thread; they call the same function."""

    def __init__(self, count):
        self.count = count
        with closing(socket.socket()) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for rank in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(rank, count, port, theirs), daemon=True)
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)

    def __call__(self, function, *arguments):
        """Return what ``function(rank, *arguments)`` returns on each rank; it must be picklable."""
        for pipe in self.pipes:
            pipe.send((function, arguments))
        answers = []
        for rank, pipe in enumerate(self.pipes):
            try:
                answers.append(pipe.recv() if pipe.poll(SECONDS) else (f"rank {rank} hangs", None))
            except EOFError:
                answers.append((f"rank {rank} ended", None))
        if any(error for error, _ in answers):
            raise RanksFailed([error for error, _ in answers])
        return [result for _, result in answers]

    def close(self):
        """End the processes."""
        for process in self.processes:
            process.kill()
            process.join()


def _serve(rank, count, port, pipe):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=count
    )
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((None, function(rank, *arguments)))
        except BaseException as error:
            traceback.print_exc()
            pipe.send((f"{type(error).__name__}: {error}", None))
