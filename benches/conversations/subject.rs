//! The process that is measured: the bot's own binary, this one once more as the bare client, or the peer. Its figures come
//! from `/proc`, and it never outlives its handle.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{counted::Counts, driver::World};

/// Where the peer stands. What it needs is installed there with `npm ci`.
const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/grammy");
/// The bot promises to stop within ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(12);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The release binary.
    Bot,
    /// The same calls and nothing else.
    Floor,
    /// The same conversation as others would build it.
    Peer,
    /// The bot inside this program, which counts what its database does; its times are not looked at.
    Counted,
}

/// Why there is no peer to measure, if there is none.
pub(crate) fn peer_lacks() -> Option<&'static str> {
    if node().is_none() {
        Some("node is not on the path")
    } else if !Path::new(PEER).join("node_modules").is_dir() {
        Some("run `npm ci` in benches/peers/grammy")
    } else {
        None
    }
}

fn node() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join("node"))
        .find(|file| file.is_file())
}

/// A running one.
pub(crate) struct Subject {
    kind: Kind,
    child: Child,
    /// Through these a counted one is asked.
    pipes: Option<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Subject {
    /// Starts it in the world's folder, with nothing in its environment but the contract.
    pub(crate) fn start(kind: Kind, world: &World) -> anyhow::Result<Self> {
        let mut command = match kind {
            Kind::Bot => Command::new(env!("CARGO_BIN_EXE_addx")),
            Kind::Floor => this_program("floor")?,
            Kind::Counted => this_program("counted")?,
            Kind::Peer => {
                let mut node = Command::new(node().context("no node")?);
                node.arg(Path::new(PEER).join("bot.js"));
                node
            }
        };
        let pipe = || match kind {
            Kind::Counted => Stdio::piped(),
            Kind::Bot | Kind::Floor | Kind::Peer => Stdio::null(),
        };
        let mut child = command
            .env_clear()
            .envs(world.environment())
            .current_dir(world.folder())
            .stdin(pipe())
            .stdout(pipe())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{kind:?} does not start"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let pipes = pipes.map(|(to, from)| (to, BufReader::new(from)));
        Ok(Self { kind, child, pipes })
    }

    /// What the database of a counted one has done so far.
    pub(crate) fn counts(&mut self) -> anyhow::Result<Counts> {
        let (to, from) = self.pipes.as_mut().context("it does not count")?;
        writeln!(to)?;
        let mut line = String::new();
        from.read_line(&mut line)?;
        line.parse()
    }

    /// CPU time so far of the threads that run, in user mode and in the kernel. The kernel counts these in nanoseconds; its
    /// figure for the whole process has steps of ten milliseconds, more than a conversation costs.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut total = Duration::ZERO;
        for task in std::fs::read_dir(&tasks).with_context(|| tasks.clone())? {
            // A thread may end meanwhile; its time is lost, which is that of a rare visit to the file system.
            if let Ok(schedstat) = std::fs::read_to_string(task?.path().join("schedstat")) {
                let on_cpu = schedstat.split_whitespace().next();
                total += Duration::from_nanos(on_cpu.context("an empty schedstat")?.parse()?);
            }
        }
        Ok(total)
    }

    /// The most memory that was ever resident.
    pub(crate) fn peak_memory_mib(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let kib: u32 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"))
            .context("no VmHWM")?
            .trim()
            .parse()?;
        Ok(f64::from(kib) / 1024.0)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| path)
    }

    /// Ends it: the bot and the peer as an operator would, the others by force.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        if matches!(self.kind, Kind::Floor | Kind::Counted) {
            return Ok(());
        }
        let id = i32::try_from(self.child.id())?;
        let pid = Pid::from_raw(id).context("a process without an id")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.ended().await?;
        ensure!(status.success(), "{:?} ended with {status}", self.kind);
        Ok(())
    }

    async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < STOP_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("{:?} did not stop in {STOP_LIMIT:?}", self.kind)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // Fails only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn this_program(role: &str) -> anyhow::Result<Command> {
    let this = std::env::current_exe().context("this program cannot be found")?;
    let mut command = Command::new(this);
    command.arg(role);
    Ok(command)
}
