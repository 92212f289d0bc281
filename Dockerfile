# Scoring, remixing and separation on the processor, for a user without rights. docs/installation.md says how to build and run it.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS wheel
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON_VERSION}-slim

# Where PyTorch's builds for the processor alone are found. Left empty, pip takes the usual build: on x86-64 with CUDA, larger by
# gigabytes; on ARM for the processor.
ARG EXTRAS="separation,report"

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/home/listener/.cache/numba \
    MPLCONFIGDIR=/home/listener/.cache/matplotlib

RUN python -m pip install torch

COPY --from=wheel /wheels /wheels
RUN python -m pip install "$(ls /wheels/rebalance_music-*.whl)[${EXTRAS}]" && rm -r /wheels

RUN useradd --create-home --uid 1000 listener && mkdir -p /work /home/listener/.cache && chown listener /work /home/listener/.cache
USER listener
WORKDIR /work

ENTRYPOINT ["rebalance"]
CMD ["--help"]
