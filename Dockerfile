# The builder and the image that runs are of the same Debian, so that the C library fits.
FROM rust:1.95-slim-trixie AS build
# SQLite and ring are compiled from C.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked --package addx --bin addx

FROM debian:trixie-slim
# Certificates are compiled in, so nothing else is installed.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin addx \
    && install --directory --owner=addx --group=addx --mode=700 /data /secrets
COPY --from=build /build/target/release/addx /usr/local/bin/addx
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
# Two volumes, so that the database and the key that opens it can be kept, and backed up, apart.
VOLUME ["/data", "/secrets"]
ENV DATABASE_URL=sqlite:///data/addx.db \
    ADDX_KEY_FILE=/secrets/addx.key
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/addx", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/addx"]
