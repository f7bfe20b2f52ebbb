//! The process that is measured: the bot's own binary, or this one once more as the bare client. Its figures come from
//! `/proc`, and it never outlives its handle.

use std::{
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::driver::World;

/// The bot promises to stop within ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(12);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The release binary.
    Bot,
    /// The same calls and nothing else.
    Floor,
}

impl Kind {
    pub(crate) const BOTH: [Self; 2] = [Self::Bot, Self::Floor];
}

/// A running one.
pub(crate) struct Subject {
    kind: Kind,
    child: Child,
}

impl Subject {
    /// Starts it in the world's folder, with nothing in its environment but the contract.
    pub(crate) fn start(kind: Kind, world: &World) -> anyhow::Result<Self> {
        let mut command = match kind {
            Kind::Bot => Command::new(env!("CARGO_BIN_EXE_addx")),
            Kind::Floor => {
                let mut this = Command::new(this_program()?);
                this.arg("floor");
                this
            }
        };
        let child = command
            .env_clear()
            .envs(world.environment())
            .current_dir(world.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{kind:?} does not start"))?;
        Ok(Self { kind, child })
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

    /// Ends it: the bot as an operator would, the bare client by force.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        if self.kind == Kind::Floor {
            return Ok(());
        }
        let id = i32::try_from(self.child.id())?;
        let pid = Pid::from_raw(id).context("a process without an id")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.ended().await?;
        ensure!(status.success(), "the bot ended with {status}");
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

fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("this program cannot be found")
}
