"""SLURM clusters of one node on this machine: munged, slurmctld and slurmd on loopback.

The daemons of the Debian packages slurmd, slurmctld, slurm-client and munge are started
by hand, with their own key, ports and directory, so that they meet neither systemd nor a
cluster that the machine belongs to. Only root may start jobs of any user.

Several of them may run side by side, one for each way to find the processes of a job
(ProctrackType) and each process that runs tests: their jobs have different numbers, so that
their control groups do not meet.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PLUGINS = ('proctrack/linuxproc', 'proctrack/cgroup')
JOBS_OF_ONE = 500  # numbers of jobs that a cluster has to itself, of 67 million
PROGRAMS = ('munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'scancel', 'scontrol')
UNFINISHED = ('PENDING', 'RUNNING', 'COMPLETING')
KILL_WAIT = 5  # seconds between SIGTERM and SIGKILL, as sites often have it
DEADLINE = 60  # seconds for the daemons to be ready

# slurm.conf(5). A node may claim more processors than it has (config_overrides), so that
# jobs that wait for their time limit wait side by side.
CONFIGURATION = """\
ClusterName=microbench
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType={proctrack}
FirstJobId={first_job}
TaskPlugin={task}
SwitchType=switch/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
DefMemPerCPU=64
KillWait={kill_wait}
ReturnToService=2
MailProg=/bin/true
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdLogFile={base}/slurmd.log
SlurmctldPort={controller}
SlurmdPort={node}
SlurmdParameters=config_overrides
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
NodeName={host} NodeAddr=127.0.0.1 NodeHostname={host} CPUs=64 RealMemory=20000
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=9
PartitionName=low Nodes={host} MaxTime=INFINITE State=UP PriorityTier=1
"""

CGROUPS = """\
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
CgroupAutomount=yes
ConstrainRAMSpace={limited}
"""


def why_not(proctrack=PLUGINS[0]):
    """Return why no cluster can be started here; empty if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f'needs {", ".join(missing)} (Debian: slurmd slurmctld slurm-client munge)'
    if os.geteuid() != 0:
        return 'only root can start the daemons of SLURM'
    if proctrack == 'proctrack/cgroup' and not Path('/sys/fs/cgroup/freezer').is_dir():
        return 'needs control groups of version 1, mounted at /sys/fs/cgroup'
    return ''


class Cluster:
    """The daemons, and jobs."""

    def __init__(self, base, proctrack=PLUGINS[0]):
        self.base = Path(base)
        self.proctrack = proctrack
        self.environment = {**os.environ, 'SLURM_CONF': str(self.base / 'slurm.conf')}
        self._daemons = []
        try:
            self._configure()
            self._start_munge()
            self._start('slurmctld', '-D')
            self._start('slurmd', '-D')
            self._wait_until_idle()
        except BaseException:
            self.stop()
            raise

    # --- daemons ----------------------------------------------------------------------

    def _configure(self):
        for name in ('state', 'spool'):
            (self.base / name).mkdir()
        limited = Path('/sys/fs/cgroup/memory').is_dir()
        text = CONFIGURATION.format(
            base=self.base,
            proctrack=self.proctrack,
            first_job=_first_job(self.proctrack),
            host=socket.gethostname().partition('.')[0],
            task='task/cgroup' if limited else 'task/none',
            kill_wait=KILL_WAIT,
            controller=_free_port(),
            node=_free_port(),
        )
        (self.base / 'slurm.conf').write_text(text)
        answer = 'yes' if limited else 'no'
        (self.base / 'cgroup.conf').write_text(CGROUPS.format(limited=answer))

    def _start_munge(self):
        key = self.base / 'munge.key'
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self._start(
            'munged',
            *('--foreground', '--force', f'--key-file={key}'),
            *(f'--socket={self.base}/munge.socket', f'--pid-file={self.base}/munged.pid'),
            *(f'--log-file={self.base}/munged.log', f'--seed-file={self.base}/munge.seed'),
        )

    def _start(self, *words):
        log = (self.base / f'{words[0]}.out').open('wb')
        self._daemons.append(
            subprocess.Popen(
                words,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )
        log.close()

    def _wait_until_idle(self):
        deadline = time.monotonic() + DEADLINE
        while self.ask('sinfo', '-h', '-o', '%T').stdout.strip() != 'idle':
            ended = [d.args[0] for d in self._daemons if d.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f'SLURM did not start ({ended}): {self._last_words()}')
            time.sleep(0.1)

    def _last_words(self):
        logs = sorted(self.base.glob('*.log')) + sorted(self.base.glob('*.out'))
        return '\n'.join(log.read_text('utf-8', 'replace')[-500:] for log in logs)

    def stop(self):
        """Cancel all jobs and end the daemons, the last started first."""
        if len(self._daemons) == 3:
            self.ask('scancel', '--user=root')
            self.ask('scancel', '--state=RUNNING', '--signal=KILL', '--full')
            deadline = time.monotonic() + KILL_WAIT
            while self.ask('squeue', '-h').stdout and time.monotonic() < deadline:
                time.sleep(0.1)
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    # --- jobs -------------------------------------------------------------------------

    def ask(self, *words, **options):
        """Run one of SLURM's programs."""
        return subprocess.run(
            words,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            **options,
        )

    def submit(self, script, *options, directory):
        """Submit a batch script; return the number of the job."""
        path = Path(directory) / 'job.sh'
        path.write_text(f'#!/bin/bash\n{script}\n')
        output = f'{directory}/job.out'
        words = ['sbatch', '--parsable', '-o', output, '-D', str(directory), *options]
        done = self.ask(*words, str(path))
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def start(self, *words, **options):
        """Start one of SLURM's programs, as a user at a terminal does."""
        return subprocess.Popen(
            words, env=self.environment, stdin=subprocess.DEVNULL, **options
        )

    def wait_for(self, path):
        """Wait until a job has made this file."""
        deadline = time.monotonic() + DEADLINE
        while not path.exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f'{path} was never made: {self._last_words()}')
            time.sleep(0.02)

    def wait(self, job, enough=()):
        """Wait for the end of a job; return what `scontrol show job` says of it.

        Args:
            job: its number; that of an array stands for all its tasks, of which the
                last one listed is returned.
            enough: further states that are waited for, such as that of a requeued job.
        """
        deadline = time.monotonic() + 150
        while True:
            text = self.ask('scontrol', '-o', 'show', 'job', job).stdout
            tasks = [dict(re.findall(r'(\w+)=(\S+)', line)) for line in text.splitlines()]
            states = {fields.get('JobState') for fields in tasks}
            if not states.isdisjoint(enough) or states.isdisjoint(UNFINISHED):
                return tasks[-1] if tasks else {}
            if time.monotonic() > deadline:
                raise RuntimeError(f'job {job} did not end: {text}')
            time.sleep(0.2)


def _first_job(proctrack):
    cluster = os.getpid() % 60_000 * len(PLUGINS) + PLUGINS.index(proctrack)
    return cluster * JOBS_OF_ONE + 1


def _free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]
