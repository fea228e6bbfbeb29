"""A SLURM cluster of one node on this machine: munged, slurmctld and slurmd on loopback.

The daemons of the Debian packages slurmd, slurmctld, slurm-client and munge are started
by hand, with their own key, ports and directory, so that they meet neither systemd nor a
cluster that the machine belongs to. Only root may start jobs of any user.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ('munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'scancel', 'scontrol')
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
ProctrackType=proctrack/linuxproc
TaskPlugin={task}
SwitchType=switch/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
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
NodeName={host} NodeAddr=127.0.0.1 NodeHostname={host} CPUs=16 RealMemory=2048
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""

CGROUPS = """\
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
CgroupAutomount=yes
ConstrainRAMSpace={limited}
"""


def why_not():
    """Why no cluster can be started here; empty if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f'needs {", ".join(missing)} (Debian: slurmd slurmctld slurm-client munge)'
    return '' if os.geteuid() == 0 else 'only root can start the daemons of SLURM'


class Cluster:
    """The daemons, and jobs."""

    def __init__(self, base):
        self.base = Path(base)
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
            self.ask('scancel', '--state=RUNNING', '--signal=KILL', '--full')
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

    def wait_for(self, path):
        """Wait until a job has made this file."""
        deadline = time.monotonic() + DEADLINE
        while not path.exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f'{path} was never made: {self._last_words()}')
            time.sleep(0.1)

    def wait(self, job):
        """Wait for the end of a job; return what `scontrol show job` says of it."""
        self.ask('scontrol', 'wait_job', job)
        deadline = time.monotonic() + 150
        while True:
            text = self.ask('scontrol', '-o', 'show', 'job', job).stdout
            fields = dict(re.findall(r'(\w+)=(\S+)', text))
            if fields.get('JobState') not in ('PENDING', 'RUNNING', 'COMPLETING'):
                return fields
            if time.monotonic() > deadline:
                raise RuntimeError(f'job {job} did not end: {text}')
            time.sleep(0.2)


def _free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]
