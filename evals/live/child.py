"""The model's server: llama.cpp of the package `xllamacpp`, in an environment of its own.

Run by that environment's Python, so nothing of ours is imported. The first line of standard input
is the key that requests must show. The server tells its address on standard output, and ends when
standard input does.
"""

import argparse
import importlib
import json
import os
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("weights")
parser.add_argument("--name", required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--context", type=int, required=True)


def main() -> None:
    """Serve until standard input ends."""
    options = parser.parse_args()
    llama = importlib.import_module("xllamacpp")
    wanted = llama.CommonParams()
    wanted.model.path = options.weights
    wanted.model_alias = {options.name}
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.api_keys = [sys.stdin.readline().strip()]
    wanted.n_ctx = options.context
    wanted.n_parallel = 1
    threads = len(os.sched_getaffinity(0))
    wanted.cpuparams.n_threads = threads
    wanted.cpuparams_batch.n_threads = threads
    wanted.sampling.seed = options.seed
    wanted.use_jinja = True
    server = llama.Server(wanted)
    told = {"address": server.listening_address, "version": llama.__version__}
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
