# Two images: `survey` serves, exports and analyses (no torch); `full` also makes and evaluates explanations.
#   docker build --target survey -t discern .        How to run it: docs/how-to/containers.md
FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib PATH=/srv/discern/.venv/bin:$PATH
WORKDIR /srv/discern

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY Makefile requirements*.txt package.json package-lock.json manage.py ./

FROM build AS build-survey
RUN make setup REQUIREMENTS=requirements-survey.txt && rm -rf ~/.cache ~/.npm

FROM build AS build-full
RUN make setup && rm -rf ~/.cache ~/.npm

# Nobody but root may write here, and the service is not root. What it writes lies under /data.
FROM base AS service
RUN useradd --system --uid 10001 --home-dir /data discern && mkdir /data && chown discern /data && ln -s /data var
COPY . .
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["discern"]
CMD ["serve", "--host", "0.0.0.0", "--workers", "2"]

FROM service AS full
COPY --from=build-full /srv/discern/.venv .venv
COPY --from=build-full /srv/discern/node_modules node_modules

FROM service AS survey
COPY --from=build-survey /srv/discern/.venv .venv
COPY --from=build-survey /srv/discern/node_modules node_modules
