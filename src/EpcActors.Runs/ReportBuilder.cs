using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Expectations;

namespace EpcActors.Runs;

/// <summary>Turns a finished run into its report.</summary>
internal sealed class ReportBuilder(Scenario scenario, ScenarioRun run, RunEnd end, Slowdowns slowdowns)
{
    private readonly Topology _topology = run.Topology;
    private readonly IReadOnlyList<IReadOnlyList<StepSum>> _steps =
        [.. run.Topology.Enclaves.Select(one => StepSum.Of(one, run.EndNs))];

    public RunReport Build(string replayCommand, double wallTimeMs)
    {
        JudgeOutcomes();
        IReadOnlyList<ViolationReport> violations = run.Oracle.Violations;
        RunReport report = new()
        {
            Scenario = scenario.File,
            Title = scenario.Title,
            Description = scenario.Description,
            Verdict =
                violations.Count > 0 ? Verdict.Violation
                : end == RunEnd.Cancelled ? Verdict.Inconclusive
                : Verdict.Pass,
            Kernel = scenario.Kernel,
            Switches = scenario.SwitchList,
            Engine = run.EngineName,
            Seed = scenario.Seed,
            TraceHash = run.TraceHash,
            VirtualTimeNs = run.EndNs,
            WallTimeMs = wallTimeMs,
            Steps = run.Steps,
            Live = run.Live(),
            ReplayCommand = replayCommand,
            Cgroups = Cgroups(),
            Nodes = Nodes(),
            FreePageCounter = run.Metrics.Counter(),
            Enclaves = Enclaves(),
            VirtualEpcs = VirtualEpcs(),
            MemoryCgroups = MemoryCgroups(),
            Profile = run.Profile(),
            Messages = MessageTotals.Of(run.Messages),
            Ksgxd = new KsgxdReport(_topology.KsgxdWaitQueue.Wakeups, run.Metrics.KsgxdPages, run.KsgxdBusyShare()),
            Reclaim = new ReclaimReport(run.Metrics.Reclaimed, run.Metrics.Young, run.Metrics.IpiWaves),
            FaultLatency = run.Metrics.FaultLatency,
            Violations = violations,
            Notes = Notes(),
            Timeline = run.Metrics.ToTimeline(),
            TraceEvents = run.Metrics.TraceEvents,
        };
        report = WorkLeft.Judge(scenario, report, isCutOff: end == RunEnd.TimeLimit);
        return report with { Expectations = Expectation.Evaluate(scenario.Expectations, report) };
    }

    /// <summary>
    /// A valid program that dies of a fault which the kernel should have served is a finding of its own.
    /// </summary>
    private void JudgeOutcomes()
    {
        foreach (EnclaveActors enclave in _topology.Enclaves)
        {
            if (enclave.Process.Outcome == ThreadOutcome.Sigsegv && !run.Oracle.HasLostEpc(enclave.Enclave.Index))
            {
                run.Oracle.Violate(
                    Rules.WrongfulSignal,
                    run.EndNs,
                    $"{enclave.Process.Name} dies of a page fault with the SGX bit: a translation leads to a page that "
                    + "the processor does not "
                    + "accept, and nothing ever faults it in again");
            }
        }
    }

    private List<CgroupReport> Cgroups()
    {
        long[] faults = run.Metrics.FaultsBelow();
        long[] retries = run.Metrics.RetriesBelow();
        long[] evictions = run.Metrics.EvictionsBelow();
        long[] reloads = run.Metrics.ReloadsBelow();
        long[] accesses = new long[_topology.Cgroups.Count];
        List<double>[] slow = new List<double>[accesses.Length];
        for (int i = 0; i < slow.Length; i++)
        {
            slow[i] = [];
        }

        for (int i = 0; i < _topology.Enclaves.Count; i++)
        {
            long made = Accesses(_topology.Enclaves[i]);
            for (int at = _topology.Enclaves[i].Process.Cgroup; at >= 0; at = _topology.Machine.CgroupParents[at])
            {
                accesses[at] += made;
                if (slowdowns.Of(i, _steps[i]) is { } factor)
                {
                    slow[at].Add(factor);
                }
            }
        }

        List<CgroupReport> reports = [];
        foreach (int i in PreOrder())
        {
            Cgroup cgroup = _topology.Cgroups[i];
            reports.Add(new CgroupReport
            {
                Path = cgroup.Path,
                MaxBytes = cgroup.Max.BytesOrNull,
                CurrentBytes = cgroup.UsageBytes,
                PeakBytes = cgroup.PeakBytes,
                Events = cgroup.Events,
                EventsLocal = cgroup.EventsLocal,
                Faults = faults[i],
                FaultRetries = retries[i],
                Evictions = evictions[i],
                Reloads = reloads[i],
                Accesses = accesses[i],
                Slowdown = Mean(slow[i]),
                IsDying = cgroup.IsDying && !cgroup.IsFreed,
                FaultLatency = run.Metrics.LatencyBelow(i),
            });
        }

        return reports;
    }

    private IEnumerable<int> PreOrder()
    {
        Stack<int> left = new([0]);
        while (left.TryPop(out int at))
        {
            yield return at;
            for (int child = _topology.Cgroups.Count - 1; child > 0; child--)
            {
                if (_topology.Machine.CgroupParents[child] == at)
                {
                    left.Push(child);
                }
            }
        }
    }

    private List<NodeReport> Nodes()
    {
        List<NodeReport> reports = [];
        foreach (NumaNode node in _topology.Nodes)
        {
            reports.Add(new NodeReport
            {
                Id = node.NodeId,
                CapacityPages = node.CapacityPages,
                FreePages = node.FreePages,
                PoisonedPages = node.PoisonedPages,
                Cpus = scenario.Machine.Nodes[node.NodeId].Cpus,
                Allocations = run.Metrics.NodeAllocations[node.NodeId],
                RemoteAllocations = run.Metrics.NodeRemoteAllocations[node.NodeId],
            });
        }

        return reports;
    }

    private List<EnclaveReport> Enclaves()
    {
        List<EnclaveReport> reports = [];
        for (int i = 0; i < _topology.Enclaves.Count; i++)
        {
            EnclaveActors actors = _topology.Enclaves[i];
            Enclave enclave = actors.Enclave;
            EnclaveCounters counters = run.Metrics.Of(i);
            long endNs = run.EndNs;
            if (actors.Process.HasExited)
            {
                endNs = 0;
                foreach (EnclaveThread thread in actors.Threads)
                {
                    endNs = Math.Max(endNs, thread.ProgramEndNs);
                }

                endNs = endNs <= 0 ? run.EndNs : endNs;
            }

            reports.Add(new EnclaveReport
            {
                Name = actors.Spec.Name,
                Cgroup = _topology.Cgroups[actors.Process.Cgroup].Path,
                Outcome = Outcome(actors),
                Detail = Detail(i),
                Why = Why(i),
                LeastPages = LeastPages.ToLoad(actors.Spec).Pages,
                Faults = counters.Faults,
                Accesses = Accesses(actors),
                Evictions = counters.Evictions,
                Reloads = counters.Reloads,
                ResidentPages = enclave.SecsChildCount + (enclave.SecsPage.IsNone ? 0 : 1),
                SwappedPages = enclave.SwappedPages,
                VaPages = enclave.VaPages.Count,
                StartNs = actors.Spec.StartNs,
                EndNs = endNs,
                Slowdown = slowdowns.Of(i, _steps[i]),
                Steps = Steps(i),
            });
        }

        return reports;
    }

    private List<StepReport> Steps(int enclave)
    {
        List<StepReport> reports = [];
        for (int step = 0; step < _steps[enclave].Count; step++)
        {
            StepSum sum = _steps[enclave][step];
            if (sum.HasBegun)
            {
                reports.Add(sum.Report(slowdowns.Of(enclave, step, sum)));
            }
        }

        return reports;
    }

    private EnclaveOutcome Outcome(EnclaveActors actors)
    {
        bool isHung = false;
        foreach (EnclaveThread thread in actors.Threads)
        {
            isHung |= run.Oracle.IsHopeless && thread.HasStarted && !thread.HasStopped;
        }

        if (isHung)
        {
            return EnclaveOutcome.Hung;
        }

        if (actors.Process.Killed == KillReason.MemoryOom)
        {
            return EnclaveOutcome.OomKilled;
        }

        if (actors.Process.Killed is KillReason.Scenario or KillReason.SocketLost || actors.Enclave.IsOutOfMemory)
        {
            return EnclaveOutcome.Killed;
        }

        return actors.Process.Outcome switch
        {
            ThreadOutcome.Finished => actors.Process.HasExited ? EnclaveOutcome.Finished : EnclaveOutcome.Running,
            ThreadOutcome.BuildFailed => EnclaveOutcome.Enomem,
            ThreadOutcome.Sigbus => EnclaveOutcome.Sigbus,
            ThreadOutcome.Sigsegv => EnclaveOutcome.Sigsegv,
            ThreadOutcome.Killed => EnclaveOutcome.Killed,
            ThreadOutcome.CallFailed => EnclaveOutcome.Enomem,
        };
    }

    private IReadOnlyList<string> Why(int enclave)
    {
        EnclaveActors actors = _topology.Enclaves[enclave];
        return run.Shortages.OfEnclave(enclave) is { } shortage
            && Outcome(actors) is not (EnclaveOutcome.Finished or EnclaveOutcome.Running)
            && actors.Process.Killed is not (KillReason.Scenario or KillReason.SocketLost)
                && !run.Oracle.HasLostEpc(enclave)
            ? new Explanation(scenario, _topology, run.Shortages)
                .OfEnclave(enclave, shortage, actors.Threads.All(one => one.ProgramStartNs < 0))
            : [];
    }

    private string Detail(int enclave)
    {
        EnclaveActors actors = _topology.Enclaves[enclave];
        bool isShort = run.Shortages.OfEnclave(
            enclave) is { Cause: ShortageCause.ChargeRefused or ShortageCause.EpcFull };
        int detail = actors.Process.OutcomeDetail;
        return actors.Process.Outcome switch
        {
            ThreadOutcome.Finished => "",
            ThreadOutcome.BuildFailed or ThreadOutcome.CallFailed =>
                $"{CallName((Ioctl)(detail >> 16))} failed with {(Errno)(detail & 0xFFFF)}",
            ThreadOutcome.Sigbus or ThreadOutcome.Sigsegv when run.Oracle.HasLostEpc(actors.Enclave.Index) =>
                $"{actors.Process.Outcome.ToString().ToUpperInvariant()}: the EPC that it had was lost",
            ThreadOutcome.Sigbus => actors.Enclave.IsOutOfMemory
                ? "SIGBUS: killed by the EPC out-of-memory killer"
                : isShort ? "SIGBUS: no EPC page"
                : run.Shortages.OfEnclave(enclave) is { Cause: ShortageCause.Signal }
                    ? "SIGBUS: a signal waited at the limit"
                : "SIGBUS: a page fault failed, and not for want of EPC",
            ThreadOutcome.Sigsegv => "SIGSEGV: #PF with the SGX bit that never goes away",
            ThreadOutcome.Killed => actors.Process.Killed == KillReason.MemoryOom
                ? "SIGKILL: memory.max could not hold the backing store"
                : actors.Process.Killed == KillReason.SocketLost
                    ? "SIGKILL: it had pages on a socket whose process died"
                    : actors.Process.Killed == KillReason.Scenario ? "SIGKILL: by the script"
                    : "SIGKILL",
        };
    }

    private static string CallName(Ioctl ioctl) => ioctl switch
    {
        Ioctl.Create => "SGX_IOC_ENCLAVE_CREATE",
        Ioctl.AddPages => "SGX_IOC_ENCLAVE_ADD_PAGES",
        Ioctl.Init => "SGX_IOC_ENCLAVE_INIT",
        Ioctl.RestrictPermissions => "SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS",
        Ioctl.ModifyTypes => "SGX_IOC_ENCLAVE_MODIFY_TYPES",
        Ioctl.RemovePages => "SGX_IOC_ENCLAVE_REMOVE_PAGES",
    };

    private List<VirtualEpcReport> VirtualEpcs()
    {
        List<VirtualEpcReport> reports = [];
        foreach (VirtualMachineActors guest in _topology.VirtualMachines)
        {
            EnclaveOutcome outcome = guest.Process.Outcome == ThreadOutcome.Sigbus ? EnclaveOutcome.Sigbus
                : guest.Process.Killed != KillReason.None ? EnclaveOutcome.Killed
                : guest.Process.HasExited ? EnclaveOutcome.Finished
                : EnclaveOutcome.Running;
            reports.Add(new VirtualEpcReport(
                guest.Spec.Name,
                _topology.Cgroups[guest.Process.Cgroup].Path,
                outcome,
                guest.VirtualEpc.PageCount,
                guest.Cpu?.Faults ?? 0,
                outcome == EnclaveOutcome.Sigbus ? "SIGBUS (the VMM reports \"Bad address\"): no EPC page" : "")
            {
                Why = outcome == EnclaveOutcome.Sigbus && run.Shortages.OfGuest(reports.Count) is { } shortage
                    ? new Explanation(scenario, _topology, run.Shortages).OfGuest(reports.Count, shortage) : [],
            });
        }

        return reports;
    }

    private List<MemoryCgroupReport> MemoryCgroups()
    {
        List<MemoryCgroupReport> reports = [];
        foreach (MemoryCgroup memory in _topology.MemoryCgroups)
        {
            reports.Add(new MemoryCgroupReport(
                memory.Path,
                memory.Max.BytesOrNull,
                memory.UsagePages * KernelConstants.PageSize,
                memory.PeakPages * KernelConstants.PageSize,
                memory.OomKills));
        }

        return reports;
    }

    private List<string> Notes()
    {
        List<string> notes = [.. run.EngineNotes];
        switch (end)
        {
            case RunEnd.TimeLimit:
                string duration = Durations.Text(scenario.Run.DurationNs) + (run.IsLive ? ", real time" : "");
                notes.Add($"epc.run.duration ({duration}) ended the run with work left");
                break;
            case RunEnd.Cancelled:
                notes.Add("the run was cancelled; what it shows is what there was by then");
                break;
            case RunEnd.Stopped:
                notes.Add("the run was ended when nothing moved any more");
                break;
            case RunEnd.Finished:
            case RunEnd.Deadlock:
                break;
        }

        if (run.Live() is { } live)
        {
            notes.Add(
                "a live run shows what real threads do to each other, and is another one each time; activities cost "
                    + "nothing in it, so times and shares of "
                    + "work are those of this emulator: the simulation (without --live) is for sizing, and repeats "
                    + "exactly");
            if (live.ActionsLeft > 0)
            {
                notes.Add(
                    $"{live.ActionsLeft} of {scenario.Script.Count} actions of the script were not due when the run "
                        + "ended: work costs nothing here, pauses do");
            }
        }

        foreach ((int action, Errno errno) in _topology.Administrator?.Failures ?? [])
        {
            string at = Durations.Text(scenario.Script[action].AtNs);
            notes.Add($"the script's \"{run.Describe(scenario.Script[action])}\" at {at} failed: {errno}");
        }

        long poisoned = 0;
        foreach (NumaNode node in _topology.Nodes)
        {
            poisoned += node.PoisonedPages;
        }

        if (poisoned > 0)
        {
            notes.Add($"sgx_nr_free_pages counts {Counted.Of(poisoned, "poisoned page")} as free, "
                + "as upstream does (hypothesis D2 of the race catalogue)");
        }

        if (run.Metrics.DroppedTraceEvents > 0)
        {
            notes.Add(
                $"trace.json holds the first {scenario.Run.TraceEvents} events; {run.Metrics.DroppedTraceEvents} came "
                    + "after (epc.run.trace-events)");
        }

        if (run.Metrics.BackingFailures > 0)
        {
            string pages = Counted.Of(run.Metrics.BackingFailures, "page");
            notes.Add($"reclaim skipped {pages} whose backing store memory.max did not allow");
        }

        return notes;
    }

    private static double? Mean(List<double> values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return sum / values.Count;
    }

    private static long Accesses(EnclaveActors actors)
    {
        long sum = 0;
        foreach (EnclaveThread thread in actors.Threads)
        {
            sum += thread.Accesses;
        }

        foreach (EnclaveThread child in actors.Children)
        {
            sum += child.Accesses;
        }

        return sum;
    }
}
