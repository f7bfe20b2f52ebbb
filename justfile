# Lists the recipes.
default:
    @just --list

# Formats the code.
fmt:
    cargo fmt --all

# Formatting and lints, warnings denied.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Every test.
test:
    cargo test --workspace --locked

# The documentation of the code, private items included, warnings denied.
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --locked

# Licences, sources and doubles of what is shipped, by deny.toml.
deny:
    cargo deny --locked check

# Whole conversations against the simulators, with figures.
bench:
    cargo bench --bench conversations

# What an operator waits for with 100,000 accounts, with figures.
bench-operation:
    cargo bench --bench operation

# A chat with the bot in the terminal: no token, no network.
demo:
    cargo run --example demo

# Exactly what CI runs.
ci:
    bash .ci/run
