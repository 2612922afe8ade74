using EpcActors.Results;

namespace EpcActors.Reporting;

/// <summary>A kernel function that a routine models.</summary>
/// <param name="Name">Its name in the kernel.</param>
/// <param name="File">Name of the source file without its folder; empty for what is no file of the kernel.</param>
/// <param name="IsPart">The routine is a part of its caller there: no frame of its own.</param>
internal readonly record struct KernelFunction(string Name, string File, bool IsPart)
{
    /// <summary>As a report says it: <c>encl.c: sgx_vma_fault()</c>.</summary>
    public string Located => File.Length == 0 ? Name : $"{File}: {Name}()";
}

/// <summary>
/// Routine to kernel function. A routine whose name occurs twice is told apart by its caller: <c>PutRef>Release</c>.
/// </summary>
internal static class KernelFunctions
{
    private const string Table = """
        AllocEpcPage main.c sgx_alloc_epc_page
        TakeFromNodes main.c __sgx_alloc_epc_page
        CountFreePages main.c sgx_nr_free_pages part
        ShouldReclaim main.c sgx_should_reclaim
        ChargeCurrent>ShouldReclaim epc_cgroup.c sgx_cgroup_should_reclaim
        Retry>ShouldReclaim epc_cgroup.c sgx_cgroup_should_reclaim
        Work>ShouldReclaim epc_cgroup.c sgx_cgroup_should_reclaim
        FreeEpcPage main.c sgx_free_epc_page
        EnclFreeEpcPage encl.c sgx_encl_free_epc_page
        MarkReclaimable main.c sgx_mark_page_reclaimable
        TryUnmark main.c sgx_unmark_page_reclaimable
        SignalPending main.c signal_pending part
        TakeSignal exit.c exit_to_user_mode_loop part
        ReclaimDirect main.c sgx_reclaim_direct
        MemoryFailure main.c arch_memory_failure
        VmaFault encl.c sgx_vma_fault
        FaultUnderMmapLock encl.c sgx_vma_fault part
        LockAndLoad encl.c __sgx_encl_load_page
        LoadSwapped encl.c __sgx_encl_load_page part
        LoadSecs encl.c sgx_encl_load_secs
        EldUPage encl.c sgx_encl_eldu
        EaugPage encl.c sgx_encl_eaug_page
        UndoEaug encl.c sgx_encl_eaug_page part
        UnlinkAndShrink ioctl.c sgx_encl_shrink part
        ZapPtes encl.c sgx_zap_enclave_ptes
        PutRef encl.c kref_put part
        PutRef>Release encl.c sgx_encl_release
        CloseFile driver.c sgx_release
        DrainMmList driver.c sgx_release part
        ForkMm fork.c dup_mmap
        ExitMm encl.c sgx_mmu_notifier_release
        VmaAccess encl.c sgx_vma_access
        Grow ioctl.c sgx_encl_grow
        Shrink ioctl.c sgx_encl_shrink
        RecordUnreclaimable main.c sgx_record_epc_page
        Create ioctl.c sgx_ioc_enclave_create
        CreateLocked ioctl.c sgx_encl_create
        AddPages ioctl.c sgx_ioc_enclave_add_pages
        AddPage ioctl.c sgx_encl_add_page
        Init ioctl.c sgx_ioc_enclave_init
        RestrictPermissions ioctl.c sgx_ioc_enclave_restrict_permissions
        ModifyTypes ioctl.c sgx_ioc_enclave_modify_types
        RemovePages ioctl.c sgx_ioc_enclave_remove_pages
        RemovePage ioctl.c sgx_encl_remove_pages
        Modify ioctl.c sgx_enclave_modify_types
        RestrictPermissions>Modify ioctl.c sgx_enclave_restrict_permissions
        ModifyPage ioctl.c sgx_enclave_modify_types part
        Begin ioctl.c sgx_ioctl part
        End ioctl.c sgx_ioctl part
        BeginSgx2 ioctl.c sgx_ioc_sgx2_ready part
        EnclaveEtrack ioctl.c sgx_enclave_etrack
        ChargeCurrent epc_cgroup.c sgx_cgroup_try_charge
        Retry epc_cgroup.c sgx_cgroup_try_charge part
        CanReclaim main.c sgx_can_reclaim
        ReclaimGlobal main.c sgx_reclaim_pages_global part
        ReclaimPages main.c sgx_reclaim_pages
        ReclaimSubtree epc_cgroup.c sgx_cgroup_reclaim_pages
        ReclaimShared epc_cgroup.c sgx_cgroup_reclaim_pages part
        ReclaimPreOrder epc_cgroup.c sgx_cgroup_reclaim_pages part
        ReclaimWithCursor epc_cgroup.c sgx_cgroup_reclaim_pages part
        ReclaimBelow main.c sgx_reclaim_pages_global part
        WakeKsgxd main.c wake_up part
        UsageAndLimit epc_cgroup.c sgx_cgroup_should_reclaim part
        Next epc_cgroup.c css_next_descendant_pre part
        TryGet epc_cgroup.c css_tryget part
        NextByCursor epc_cgroup.c sgx_cgroup_next_cg
        Work epc_cgroup.c sgx_cgroup_reclaim_work_func
        QueueWork epc_cgroup.c queue_work part
        OomKill epc_cgroup.c sgx_epc_cgroup_oom
        OomKillOne main.c sgx_epc_oom
        KillEnclave main.c sgx_epc_oom_encl
        Isolate main.c sgx_isolate_epc_pages
        IsYoung main.c sgx_reclaimer_age
        PinAndMark main.c sgx_reclaim_pages part
        Skip main.c sgx_reclaim_pages part
        Block main.c sgx_reclaimer_block
        WriteOne main.c sgx_reclaimer_write
        WriteSecs main.c sgx_reclaimer_write part
        EnclEwb main.c sgx_encl_ewb
        Pin encl.c sgx_encl_get_backing
        Payer encl.c sgx_encl_get_mem_cgroup
        WriteMemoryMax memcontrol.c memory_max_write
        Pin>TryCharge memcontrol.c try_charge_memcg
        Pin>Uncharge memcontrol.c mem_cgroup_uncharge
        EldUPage>Uncharge memcontrol.c mem_cgroup_uncharge
        Release>Uncharge memcontrol.c mem_cgroup_uncharge
        OutOfMemory memcontrol.c mem_cgroup_out_of_memory
        TryCharge misc.c misc_cg_try_charge
        Uncharge misc.c misc_cg_uncharge
        PutCss misc.c css_put part
        FreeCss misc.c misc_cg_free
        CountEvent misc.c misc_cg_event
        Rmdir cgroup.c cgroup_rmdir
        Attach cgroup.c cgroup_attach_task
        WriteMiscMax misc.c misc_cg_max_write
        Store misc.c misc_cg_max_write part
        StoreMax misc.c misc_cg_max_write part
        HasFile misc.c misc_cg_max_write part
        IsPopulated cgroup.c cgroup_is_populated
        Fault virt.c sgx_vepc_fault
        Release virt.c sgx_vepc_release
        RemoveAll virt.c sgx_vepc_remove_all
        Sanitise main.c __sgx_sanitize_pages
        SanitisePage main.c sgx_free_epc_page
        ReclaimFrom epc_cgroup.c sgx_cgroup_reclaim_pages part
        FinishFree misc.c misc_cg_free part
        PutWritten main.c sgx_reclaimer_write part
        SwapOut vmscan.c pageout
        """;

    /// <summary>Routines of tasks: what user space does around its system calls and faults.</summary>
    private const string UserTable =
        """
        Run Do Build RunSteps TouchHeap RunPattern ReplayTrace Pause SleepUntil IsKilledAtTick Access Call Fork Enter Leave TouchAll Hold
        AgeAll AllocatePage Called CloseOnce DebugRead DieIfKilled DoElsewhere Evict EvictAll ExitThread ForkChild FreeLastPage
        Initialise KillProcess LeaveIfInside PauseOnce PoisonOf PoisonPage PoisonPages PutBack ReclaimDirectOnce ReclaimOnce ReleaseGuestOnce
        SetMemoryMax SignalProcess SwapPageOut MapSomethingElse
        Touch TouchGuest UnmapAll UseGuestPage CountedAccess MapAndCreate ForkInto Perform
        ChargeAtOnce LoseEpc LoseEpcOnce
        """;

    private static readonly Dictionary<string, KernelFunction> Known = Parse();

    /// <summary>Place of a step that no kernel function encloses.</summary>
    public static KernelFunction UserSpace { get; } = new("user space", "", false);

    public static bool Knows(string routine) => Known.ContainsKey(Bare(routine));

    /// <summary>The function behind a routine; its own name when it is not known.</summary>
    public static KernelFunction Of(string routine, string caller = "")
    {
        string name = Bare(routine);
        if (routine == "Encl.Release")
        {
            return Known["PutRef>Release"];
        }

        if (caller.Length > 0 && Known.TryGetValue(Bare(caller) + ">" + name, out KernelFunction special))
        {
            return special;
        }

        return Known.TryGetValue(name, out KernelFunction known) ? known : new KernelFunction(name, "", false);
    }

    /// <summary>
    /// Frames of a step as the kernel has them, outermost first: parts of a function are no frames, neither is user
    /// space.
    /// </summary>
    public static IReadOnlyList<KernelFunction> Stack(RaceTrace trace, RaceStep step)
    {
        List<KernelFunction> frames = [];
        for (int i = 0; i < step.Stack.Count; i++)
        {
            KernelFunction function = Of(step.Stack[i], i > 0 ? step.Stack[i - 1] : "");
            if (Bare(step.Stack[i]) == "Run" && TaskName(trace, step) == "ksgxd")
            {
                function = new KernelFunction("ksgxd", "main.c", false);
            }

            if (
                Bare(step.Stack[i]) == "Run"
                && TaskName(trace, step).StartsWith("sgx_cg_wq:", StringComparison.Ordinal))
            {
                function = new KernelFunction("worker_thread", "workqueue.c", false);
            }

            if (!KernelWords.HasSeries(trace) && function.Name == "sgx_can_reclaim")
            {
                // Upstream looks at the one list in the place where the series asks this function.
                function = function with { IsPart = true };
            }

            // A part without its function in front (a trimmed stack) stands for the function, unless that is the frame
            // already.
            bool isFrame = !function.IsPart || (frames.Count == 0 && function.File.Length > 0);
            if (isFrame && (frames.Count == 0 || frames[^1].Name != function.Name))
            {
                frames.Add(function with { IsPart = false });
            }
        }

        return frames;
    }

    /// <summary>The innermost frame of a step.</summary>
    public static KernelFunction Innermost(RaceTrace trace, RaceStep step) =>
        Stack(trace, step) is [.., { } last] ? last : UserSpace;

    private static string TaskName(RaceTrace trace, RaceStep step) =>
        step.Task >= 0 && step.Task < trace.Tasks.Count ? trace.Tasks[step.Task].Name : "";

    private static string Bare(string routine) => routine[(routine.LastIndexOf('.') + 1)..];

    private static Dictionary<string, KernelFunction> Parse()
    {
        Dictionary<string, KernelFunction> known = [];
        foreach (string line in Table.Split('\n'))
        {
            string[] words = line.Trim().Split(' ');
            known.Add(words[0], new KernelFunction(words[2], words[1], words.Length > 3));
        }

        foreach (string name in UserTable.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            known.Add(name, new KernelFunction(name, "", true));
        }

        return known;
    }
}
