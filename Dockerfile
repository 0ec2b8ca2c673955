# syntax=docker/dockerfile:1
# One image for all parts of hone; compose.yaml says which program each container runs. Built and run nowhere yet: linted only.
# Pin by digest for what you run: NODE_IMAGE=node:20.20.2-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:20.20.2-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM ${NODE_IMAGE}
# Python trains; its packages are installed by hash into the cache by the first training.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY . .
# The commit that versions name, as there is no .git in here: --build-arg COMMIT=$(git rev-parse HEAD)
ARG COMMIT=unknown
ENV NODE_ENV=production \
    HONE_COMMIT=${COMMIT} \
    HONE_WORKSPACE=/workspace \
    XDG_CACHE_HOME=/cache
# Owned by the user that runs (`node` of the base image), so that volumes mounted here are writable for it.
RUN mkdir -p /workspace/.hone /cache && chown -R 1000:1000 /workspace /cache
USER 1000:1000
WORKDIR /workspace
VOLUME ["/cache"]
ENTRYPOINT ["tini", "--", "node", "--import", "/app/node_modules/tsx/dist/loader.mjs"]
CMD ["/app/src/worker.ts"]
# Store and Temporal are there and let us in. Servers answer for themselves in compose.yaml.
HEALTHCHECK --interval=5m --timeout=60s --start-period=2m --retries=2 \
  CMD ["node", "/app/bin/hone.mjs", "--quiet", "--dir", "/workspace", "doctor"]
