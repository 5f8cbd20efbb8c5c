# syntax=docker/dockerfile:1
# Built from the workspace; the result holds the program, certificates of authorities, and nothing to build with.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# No incremental state: it would only fill the cache. Optimised across crates, which is worth the wait for what runs in
# production. Stripped: panics name their place without symbols.
ENV CARGO_INCREMENTAL=0 \
    CARGO_PROFILE_RELEASE_LTO=thin \
    CARGO_PROFILE_RELEASE_STRIP=symbols \
    CARGO_TERM_COLOR=never
COPY . .
# Sources and compiled dependencies stay in the builder's caches between builds; the program is copied out of
# them, since a cache is not part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package rescind-worker --bin rescind \
    && install -D -m 0755 target/release/rescind /out/rescind \
    && install -d -m 0700 /out/data

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 rescind \
    && useradd --system --uid 10001 --gid rescind --home-dir /data --no-create-home --shell /usr/sbin/nologin rescind
COPY --from=build /out/rescind /usr/local/bin/rescind
# A new volume takes over owner and mode of this folder. It holds keys: nobody else may look into it.
COPY --from=build --chown=10001:10001 --chmod=0700 /out/data /data
ENV RESCIND_DATA_DIR=/data
VOLUME /data
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
# 8080: pages and machine API. 8081: health, metrics, staff console; not for the public.
EXPOSE 8080 8081
# Asks /readyz of the operations listener, wherever the configuration put it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["rescind", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["rescind"]
CMD ["run"]
