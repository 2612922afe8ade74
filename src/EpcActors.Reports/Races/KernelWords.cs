using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// The laboratory's words translated for a kernel engineer: routines as functions, messages as the statements that they
/// stand for. The words are our own; no line of the kernel is copied.
/// </summary>
public static class KernelWords
{
    private const string NodeLock = "node->lock";
    private const string EnclaveLock = "encl->lock";
    private const string MmapLock = "mmap_lock";
    private const string LruLock = "the LRU's lock";

    private static readonly Dictionary<string, Entry> Phrases = new()
    {
        // A NUMA node and the free-page counter.
        ["TakePage"] = new(NodeLock, v =>
            (v.Yes("KeepLocked") && !v.IsNone("Page") ? $"spin_lock(&{Node(v)}->lock); " : "")
            + (
                v.IsNone("Page")
                    ? $"{Node(v)}->free_page_list is empty"
                    : $"page {v.Epc("Page")} off {Node(v)}->free_page_list")),
        ["UnlockNode"] = new("", v => $"spin_unlock(&{Node(v)}->lock)"),
        ["FreePage"] = new(NodeLock, v =>
            (v.Yes("KeepLocked") ? $"spin_lock(&{Node(v)}->lock); " : "")
            + $"page {v.Epc("Page")} to {Node(v)}->free_page_list"
            + (v.Yes("IgnorePoison") ? ", poison not looked at" : "")),
        ["ReadPoison"] = new("", v => (v.Yes("KeepLocked") ? $"spin_lock(&{Node(v)}->lock); " : "")
            + $"page {v.Epc("Page")} is {(v.Yes("IsPoisoned") ? "" : "not ")}poisoned"
            + (v.Yes("KeepLocked") && v.Yes("IsPoisoned") ? "; spin_unlock" : "")),
        ["PoisonPage"] = new(NodeLock, v => (v.Yes("KeepLocked") ? $"spin_lock(&{Node(v)}->lock); " : "")
            + $"page {v.Epc("Page")}->poison = 1"
            + (
                v.Yes("WasPoisoned") ? " (was set)"
                : v.Yes("WasFree") ? "; moved to sgx_poison_page_list"
                : "; in use")),
        ["LoseEpc"] = new("", _ => "the EPC is lost: no EPCM entry is valid"),
        ["SanitisePage"] = new(NodeLock, v => v.IsNone("Page")
            ? $"no dirty page of {Node(v)} is left"
            : $"EREMOVE dirty page {v.Epc("Page")}; " + (v.Yes("KeepLocked") ? $"spin_lock(&{Node(v)}->lock); " : "")
                + $"to {Node(v)}->free_page_list"),
        ["ReadFreePages"] = new("", v => $"read {Node(v)}->nr_free_pages ({v.Text("FreePages")})"),
        ["AddPages"] = new("", v => v.Number("Pages") switch
        {
            1 => "atomic_long_inc(&sgx_nr_free_pages)",
            -1 => "atomic_long_dec(&sgx_nr_free_pages)",
            _ => $"atomic_long_add({v.Text("Pages")}, &sgx_nr_free_pages)",
        }),
        ["LoadPages"] = new("", v => $"tmp = sgx_nr_free_pages ({v.Text("Pages")})"),
        ["StorePages"] = new("", v => $"sgx_nr_free_pages = {Change(v)} ({v.Text("Pages")})"),
        ["ReadPages"] = new("", v => $"read sgx_nr_free_pages ({v.Text("Pages")})"),

        // misc and EPC cgroups.
        ["Charge"] = new("", v => $"misc_cg_try_charge: usage({v.Owner}) += {v.Text("Bytes")}"
            + v.Text("Result", "Fits") switch { "Over" => ", above max", "Gone" => ": css is gone", _ => "" }),
        ["Uncharge"] = new("", v => $"misc_cg_uncharge: usage({v.Owner}) -= {v.Text("Bytes")}"),
        ["CountMaxEvent"] = new("", v => $"misc_cg_event({v.Owner}): "
            + (v.Yes("IsLocal") ? "events.local++" + (v.Yes("IsHierarchical") ? ", events++" : "") : "events++")),
        ["CountWaiter"] = new("", v => v.Number("Change") > 0
            ? $"atomic_inc(&waiters of {v.Owner})"
            : $"atomic_dec(&waiters of {v.Owner})"),
        ["TryGetCss"] = new("", v => $"css_tryget({v.Owner}){(v.Yes("Got") ? "" : " fails")}"),
        ["PutCss"] = new("", v => $"css_put({v.Owner}){(v.Yes("WasLast") ? ", the last reference" : "")}"),
        ["ReadLru"] = new(LruLock, v =>
            $"list_empty(LRU of {v.Owner}): {(v.Yes("IsEmpty") ? "true" : "false")}"
            + (v.Yes("CountIsolated") ? ", isolated pages counted" : "")
            + (v.Yes("TakeLock") ? "" : " (unlocked)")),
        ["AddToLru"] = new(LruLock, v =>
            $"page {v.Epc("Page")} RECLAIMER_TRACKED, to the tail of the LRU of {v.Owner}"),
        ["Unmark"] = new(LruLock, v =>
            v.Yes("IsBusy")
                ? $"unmark page {v.Epc("Page")}: -EBUSY, isolated"
                : $"list_del(page {v.Epc("Page")}) from the LRU of {v.Owner}"),
        ["BeginIsolate"] = new(LruLock, v =>
            $"spin_lock(LRU of {v.Owner}); "
            + (v.IsNone("Page") ? "it is empty" : $"list_del_init(page {v.Epc("Page")})")),
        ["NextIsolate"] = new("", v =>
            Forgotten(v) + (v.IsNone("Page") ? $"LRU of {v.Owner} is empty" : $"list_del_init(page {v.Epc("Page")})")),
        ["EndIsolate"] = new("", v => Forgotten(v) + $"spin_unlock(LRU of {v.Owner})"),
        ["DropIsolated"] = new(LruLock, v => $"page {v.Epc("Page")} &= ~RECLAIMER_TRACKED, on no list"),
        ["PutIsolated"] = new(LruLock, v => $"nr_isolated of {v.Owner} -= {v.Text("Pages")}"),
        ["ReadUsage"] = new("", v => $"read usage({v.Owner}) = {v.Text("Usage")}, max {Limit(v.Text("Max"))}"),
        ["WriteMax"] = new("", v => $"misc.max of {v.Owner} = {Limit(v.Text("Max"))}"),
        ["AddUnreclaimable"] = new(LruLock, v => $"page {v.Epc("Page")} to the unreclaimable list of {v.Owner}"),
        ["DropUnreclaimable"] = new(LruLock, v => $"page {v.Epc("Page")} off the unreclaimable list of {v.Owner}"),
        ["PopVictimPage"] = new(LruLock, v =>
            v.IsNone("Enclave")
                ? $"unreclaimable list of {v.Owner} is empty"
                : $"victim: first unreclaimable page of {v.Owner}, enclave {v.Text("Enclave")}"),
        ["KillCss"] = new("", v =>
            $"percpu_ref_kill(css of {v.Owner}){(v.Yes("WasLast") ? ", the last reference" : "")}"),
        ["NextDescendant"] = new("", v =>
            v.IsNone("Next")
                ? "css_next_descendant_pre: end of the walk"
                : $"css_next_descendant_pre: cgroup {v.Text("Next")}"),
        ["LockCursor"] = new("the cursor's lock", v =>
            $"lock the cursor of cgroup {v.Text("Root")}: next is {v.Text("Next")}"),
        ["SetCursor"] = new("", v => $"cursor of cgroup {v.Text("Root")} = {v.Text("Next")}; unlock"),
        ["CreateCss"] = new("", v => $"css_create: {v.Owner} begins, without limits"),
        ["CreateMemory"] = new("", v => $"mem_cgroup_css_alloc: {v.Owner} begins, without limits"),
        ["InitWork"] = new("", v => $"INIT_WORK({v.Owner})"),
        ["AddCgroup"] = new("", v => $"cgroup {v.Text("Cgroup")} is linked below cgroup {v.Text("Parent")}"),
        ["OpenDevice"] = new("", v =>
            v.Yes("IsBusy") ? "sgx_open: the place is still taken" : $"sgx_open: {v.Owner} begins"),
        ["CreateMm"] = new("", v => $"mm_alloc: {v.Owner} begins"),
        ["Spawn"] = new("", v => $"fork: {v.Owner} begins in cgroup {v.Text("Cgroup")}"),
        ["RemoveCgroup"] = new("", v => $"css_release: cgroup {v.Text("Cgroup")} leaves the hierarchy"),
        ["AdvanceCursor"] = new("the cursor's lock", v =>
            $"cursor of cgroup {v.Text("Root")} moves off cgroup {v.Text("Cgroup")}"),
        ["LockHierarchy"] = new("cgroup_mutex", _ => "mutex_lock(&cgroup_mutex)"),
        ["UnlockHierarchy"] = new("", _ => "mutex_unlock(&cgroup_mutex)"),
        ["ReadOnline"] = new("", v => $"cgroup {v.Text("Cgroup")} is {(v.Yes("IsOnline") ? "online" : "gone")}"),
        ["MarkDying"] = new("", v =>
            $"cgroup_destroy_locked(cgroup {v.Text("Cgroup")}): {Errno(v.Text("Errno", "Ok"))}"),

        // Processes, signals, memory.
        ["ReadCss"] = new("", v => $"get_current_misc_cg() of {v.Owner}: cgroup {v.Text("Cgroup")}"
            + (v.Yes("HasExited") ? ", the process has exited" : "")),
        ["Migrate"] = new("", v => v.Yes("HasExited")
            ? $"{v.Owner} has exited, not moved" : $"css_set_move_task({v.Owner}) to cgroup {v.Text("Cgroup")}"),
        ["Kill"] = new("", v => $"SIGKILL to {v.Owner}{(v.Yes("WasDying") ? ", dying already" : "")}"),
        ["Signal"] = new("", v =>
            $"a signal with a handler to {v.Owner}{(v.Yes("WasDying") ? ", dying already" : "")}"),
        ["ReadSignal"] = new("", v => $"signal_pending(current): {(v.Yes("IsPending") ? "true" : "false")}"),
        ["SpawnThreads"] = new("", v => $"clone() of {v.Owner}: {v.Text("Count")} threads more"),
        ["ThreadExit"] = new("", v =>
            $"do_exit() of a thread of {v.Owner}{(v.Yes("WasLast") ? ", the last one" : "")}"),
        ["CloseDevice"] = new("", v => $"close() by {v.Owner}{(v.Yes("WasClosed") ? ", closed already" : "")}"),
        ["ArriveAtBarrier"] = new("the other threads", v => $"arrives at barrier {v.Text("Phase")} of {v.Owner}"),
        ["SelectVictim"] = new("oom_lock", v =>
            v.IsNone("Process")
                ? $"oom: no process left in memcg {v.Text("MemoryCgroup")}"
                : $"oom: victim of memcg {v.Text("MemoryCgroup")} is {v.Text("Process")}"),
        ["ChargeMemory"] = new("", v =>
            $"page_counter_try_charge({v.Owner}, {v.Text("Pages")}){(v.Yes("IsOver") ? " fails" : "")}"),
        ["UnchargeMemory"] = new("", v => $"page_counter_uncharge({v.Owner}, {v.Text("Pages")})"),
        ["CountOomKill"] = new("", v => $"memory.events of {v.Owner}: oom_kill++"),
        ["WriteMemoryMax"] = new("", v =>
            $"memory.max of {v.Owner} = {(v.IsNone("Pages") ? "max" : v.Text("Pages") + " pages")}"
            + $" ({v.Text("UsagePages")} charged)"),

        // The backing store.
        ["PinBacking"] = new("", v => v.Number("MissingPages") is > 0
            ? $"sgx_encl_get_backing({v.Text("Index")}): {v.Text("MissingPages")} pages to charge"
            : $"sgx_encl_get_backing({v.Text("Index")}): contents and PCMD pinned"),
        ["WriteBacking"] = new("", v => $"backing of page {v.Text("Index")} = version {v.Text("Version")}; put_page()"),
        ["FinishLoad"] = new("", v => $"clear PCMD of page {v.Text("Index")}, truncate its backing"
            + (v.Yes("KeepAll") ? ": kept" : v.Yes("KeepPcmdPage") ? ", PCMD page kept" : "")),
        ["TruncateBacking"] = new("", v => v.IsNone("From")
            ? $"backing of {v.Owner} is empty" : $"fput(backing of {v.Owner}): {v.Text("Pages")} pages go"),

        // Address spaces.
        ["Access"] = new("", v => $"{v.Text("Kind", "Read").ToLowerInvariant()} page {v.Text("Page")}: "
            + v.Text("Result", "Hit") switch { "NotPresent" => "#PF", "EpcmFault" => "#PF (SGX)", _ => "hit" }),
        ["BeginFault"] = new(MmapLock, v => $"mmap_read_lock({v.Lane})"
            + (v.Yes("IsUnmapped") ? "; no VMA" : v.Yes("HasNoEnclave") ? "; no enclave" : "")),
        ["EndFault"] = new("", v => $"mmap_read_unlock({v.Lane})"),
        ["InsertPte"] = new("", v => $"vmf_insert_pfn(page {v.Text("Page")} -> EPC page {v.Epc("EpcPage")})"),
        ["MapNeighbour"] = new("", v =>
            $"vmf_insert_pfn(page {v.Text("Page")} -> EPC page {v.Epc("EpcPage")}), not touched"
            + (v.Yes("IsNew") ? "" : ": mapped already")),
        ["AgePage"] = new(MmapLock, v =>
            $"test and clear young, page {v.Text("Page")} in {v.Lane}: {v.Text("Result", "Old").ToLowerInvariant()}"),
        ["ZapPtes"] = new(MmapLock, v =>
            $"zap_vma_ptes({v.Lane}, page {v.Text("FirstPage")}"
            + (v.Number("PageCount") is > 1 ? $", {v.Text("PageCount")} pages)" : ")")),
        ["MapEnclave"] = new(MmapLock, v => $"mmap(): {v.Lane} maps the enclave"),
        ["MapOther"] = new(MmapLock, v => $"mmap() or munmap() of something else in {v.Lane}"),
        ["ExitMm"] = new(MmapLock, v => $"exit_mmap({v.Lane})"),
        ["LoseEnclave"] = new(MmapLock, v => $"sgx_vma_open fails: vma->vm_private_data = NULL in {v.Lane}"),
        ["BeginExit"] = new("", v => $"mmput({v.Lane}): mm_users is 0"),
        ["BeginFork"] = new(MmapLock, v => $"mmap_write_lock({v.Lane}){(v.Yes("IsChild") ? " of the child" : "")}"),
        ["EndFork"] = new("", v => $"mmap_write_unlock({v.Lane})"),
        ["ReadPte"] = new("", v => v.IsNone("EpcPage")
            ? "copy_page_range(): end" : $"copy_page_range(): page {v.Text("Page")} -> EPC page {v.Epc("EpcPage")}"),

        // Wait queues and work items.
        ["PrepareToWait"] = new("", v => $"prepare_to_wait({v.Lane})"),
        ["SleepUntilWoken"] = new("", v => $"schedule(): woken from {v.Lane}", v => $"schedule(): sleeps on {v.Lane}"),
        ["FinishWait"] = new("", v => $"finish_wait({v.Lane})"),
        ["Wake"] = new("", v =>
            (
                v.Lane.StartsWith("reclaim_work", StringComparison.Ordinal)
                    ? $"queue_work({v.Lane})"
                    : $"wake_up(&{v.Lane})"
            ) + (v.Yes("WasWaiting") ? "" : ", no waiter")),

        // Virtual EPC.
        ["LockAndLookUp"] = new("vepc->lock", v =>
            $"mutex_lock(&vepc->lock); xa_load({v.Text("Index")}): "
            + (v.IsNone("EpcPage") ? "none" : $"EPC page {v.Epc("EpcPage")}")),
        ["StoreAndUnlock"] = new("", v =>
            (v.IsNone("EpcPage") ? "" : $"xa_store({v.Text("Index")}, EPC page {v.Epc("EpcPage")}); ")
            + "mutex_unlock(&vepc->lock)"),
        ["GuestUse"] = new("", v =>
            $"guest: page {v.Text("Index")} becomes "
            + (v.Text("Secs") == v.Text("Index") ? "a SECS" : "a child of a SECS")),
        ["EremoveGuestPage"] = new("", v => $"EREMOVE page {v.Text("Index")} of {v.Owner}"
            + (
                v.Yes("HasChildren") ? ": SGX_CHILD_PRESENT"
                : v.IsNone("EpcPage") ? ": no such page"
                : "")),
        ["TakeGuestPage"] = new("", v =>
            $"xa_erase({v.Text("Index")}) of {v.Owner}"
            + (v.IsNone("EpcPage") ? ": none" : $": EPC page {v.Epc("EpcPage")}")),
        ["LockZombies"] = new("zombie_secs_pages_lock", v =>
            $"mutex_lock(&zombie_secs_pages_lock): {v.Text("Count")} on the list"),
        ["UnlockZombies"] = new("", _ => "mutex_unlock(&zombie_secs_pages_lock)"),
        ["AddZombie"] = new("", v => $"EPC page {v.Epc("EpcPage")} to zombie_secs_pages"),
        ["TakeZombie"] = new("", v =>
            v.IsNone("EpcPage")
                ? "zombie_secs_pages is empty"
                : $"EREMOVE zombie {v.Epc("EpcPage")}{(v.Yes("HasChildren") ? ": SGX_CHILD_PRESENT" : "")}"),

        // Enclaves.
        ["BeginIoctl"] = new("", v => "test_and_set_bit(SGX_ENCL_IOCTL)" + (v.Yes("IsBusy") ? ": -EBUSY" : "")),
        ["EndIoctl"] = new("", _ => "clear_bit(SGX_ENCL_IOCTL)"),
        ["TestGrow"] = new("", v =>
            "encl->page_cnt % 512: " + (v.Yes("NeedsVaPage") ? "a VA page is needed" : "no VA page is needed")),
        ["CountGrow"] = new("", _ => "encl->page_cnt++"),
        ["Shrink"] = new("", _ => "encl->page_cnt--"),
        ["LinkVaPage"] = new("", v => $"list_add(VA page {v.Epc("VaPage")}, &encl->va_pages)"),
        ["Ecreate"] = new("", v => $"ECREATE into EPC page {v.Epc("EpcPage")}"),
        ["LockAndAddPage"] = new(EnclaveLock, v =>
            $"mutex_lock(&encl->lock); EADD page {v.Text("Page")} into EPC page {v.Epc("EpcPage")}"
            + (
                v.Yes("Exists") ? ": -EBUSY, entry exists"
                : v.Yes("HasFailed") ? ": fault"
                : "")),
        ["LockAndEinit"] = new(EnclaveLock, v =>
            "mutex_lock(&encl->lock); EINIT" + (v.Yes("HasFailed") ? ": fault" : "")),
        ["LookUpPage"] = new("", v =>
            $"xa_load(&encl->page_array, {v.Text("Page")}): {(v.Yes("Exists") ? "an entry" : "NULL")}"
            + (v.Yes("IsOutOfMemory") ? ", SGX_ENCL_NO_MEMORY" : "")),
        ["FindNext"] = new("", v => $"xa_for_each_range(&encl->page_array, {v.Text("From")}, {v.Text("End")}): "
            + (v.IsNone("Page") ? "none" : $"page {v.Text("Page")}")
            + (v.Yes("IsResident") ? " resident" : " without an entry")),
        ["FindGuestPage"] = new("", v => v.IsNone("EpcPage")
            ? $"page {v.Text("Index")} of {v.Owner} is in no EPC page"
            : $"page {v.Text("Index")} of {v.Owner} is in EPC page {v.Epc("EpcPage")}"),
        ["FindPage"] = new("", v =>
            v.IsNone("EpcPage")
                ? $"page {v.Text("Page")} of {v.Owner} is in no EPC page"
                : $"page {v.Text("Page")} of {v.Owner} is in EPC page {v.Epc("EpcPage")}"),
        ["Lock"] = new(EnclaveLock, _ => "mutex_lock(&encl->lock)"),
        ["Unlock"] = new("", _ => "mutex_unlock(&encl->lock)"),
        ["LockAndReadPage"] = new(EnclaveLock, v => $"mutex_lock(&encl->lock); page {v.Text("Page")} "
            + v.Text("State", "Absent") switch
            {
                "Absent" => "has no entry",
                "Resident" => $"is in EPC page {v.Epc("EpcPage")}",
                "BeingReclaimed" => "is BEING_RECLAIMED",
                "BeingRemoved" => "is BEING_REMOVED",
                "Swapped" => v.Yes("IsSecsResident") ? "is swapped out" : "is swapped out, so is the SECS",
                { } other => other,
            }),
        ["Eldu"] = new("", v =>
            $"ELDU page {v.Text("Page")} into EPC page {v.Epc("EpcPage")}"
            + (
                v.Yes("HasFailed")
                    ? $": #GP, slot says version {v.Text("SlotVersion")}, PCMD {v.Text("PcmdVersion")}"
                    : "")
            + (v.Yes("IsPcmdPageInUse") ? ", PCMD page in use" : "")),
        ["InsertEntry"] = new("", v =>
            $"xa_insert(&encl->page_array, {v.Text("Page")}){(v.Yes("Exists") ? ": -EBUSY" : "")}"),
        ["Eaug"] = new("", v => $"EAUG page {v.Text("Page")} into EPC page {v.Epc("EpcPage")}"
            + (v.Yes("HasNoSecs") ? " with secs.epc_page == NULL" : v.Yes("HasFailed") ? ": fault" : "")),
        ["TryGetRef"] = new("", v => $"kref_get_unless_zero({v.Owner}){(v.Yes("Got") ? "" : " fails")}"),
        ["PutRef"] = new("", v => $"kref_put({v.Owner}){(v.Yes("WasLast") ? ", the last reference" : "")}"),
        ["ReadMm"] = new("", v => $"mm_list of {v.Owner}: {(v.IsNone("Mm") ? "end" : v.Text("Mm"))}"),
        ["AddMm"] = new("", v => $"list_add_rcu(mm_list of {v.Owner}); mm_list_version++"),
        ["RemoveMm"] = new("", v => $"list_del_rcu(mm_list of {v.Owner}){(v.Yes("WasFound") ? "" : ": not on it")}"),
        ["TakeFirstMm"] = new("", v =>
            v.IsNone("Mm") ? $"mm_list of {v.Owner} is empty" : $"list_del_rcu(first of mm_list of {v.Owner})"),
        ["MarkReclaimedAndUnlock"] = new("", v =>
            $"page {v.Text("Page")} |= BEING_RECLAIMED; mutex_unlock(&encl->lock)"),
        ["BlockPage"] = new(EnclaveLock, v => $"mutex_lock(&encl->lock); EBLOCK page {v.Text("Page")}; mutex_unlock"),
        ["LockForWrite"] = new(EnclaveLock, v =>
            $"mutex_lock(&encl->lock); page {v.Text("Page")} &= ~BEING_RECLAIMED; "
            + (v.IsNone("Slot") ? "no VA slot" : $"VA slot {v.Text("Slot")}")),
        ["Ewb"] = new("", v =>
            $"EWB page {v.Text("Page")} from EPC page {v.Epc("EpcPage")}" + Leaf(v.Text("Result", "Done"))),
        ["Etrack"] = new("", v => "ETRACK" + Leaf(v.Text("Result", "Done"))),
        ["SendIpi"] = new("", v => $"on_each_cpu_mask(): IPI to {v.Text("Cpus")} CPUs"),
        ["FinishWrite"] = new("", v =>
            $"page {v.Text("Page")}: epc_page = NULL; secs_child_cnt--" + (v.Yes("CanWriteSecs") ? " (0)" : "")),
        ["AbandonWrite"] = new("", v =>
            $"page {v.Text("Page")} stays{(v.Yes("StaysReclaimed") ? ", BEING_RECLAIMED" : "")}"
            + (v.IsNone("Slot") ? "" : $"; VA slot {v.Text("Slot")} is free")),
        ["TestSecs"] = new("", v =>
            v.IsNone("SecsPage") ? "SECS has children, or is not resident" : "secs_child_cnt is 0"),
        ["FinishWriteSecs"] = new("", _ => "secs.epc_page = NULL"),
        ["ReadType"] = new("", v => $"type of page {v.Text("Page")}: {v.Text("Type", "Reg").ToUpperInvariant()}"),
        ["ModifyPage"] = new("", v => (
                v.Text("To", "Reg") == "Reg"
                    ? $"EMODPR page {v.Text("Page")}"
                    : $"EMODT page {v.Text("Page")} to {v.Text("To").ToUpperInvariant()}")
            + (
                v.Yes("IsNotModifiable") ? ": not modifiable"
                : v.Yes("HasFaulted") ? ": #PF"
                : "")),
        ["BeginRemove"] = new("", v =>
            $"page {v.Text("Page")} is {(v.Yes("IsRefused") ? "not " : "")}TRIM and "
                + $"accepted{(v.Yes("IsRefused") ? ": -EPERM" : "")}"),
        ["UnlockForRemoval"] = new("", _ => "mutex_unlock(&encl->lock), to zap the PTEs"),
        ["GetFile"] = new("", v => $"get_file({v.Owner})"),
        ["PutFile"] = new("", v => $"fput({v.Owner}){(v.Yes("WasLast") ? ", the last one" : "")}"),
        ["SynchronizeSrcu"] = new("", _ => "synchronize_srcu(&encl->srcu)"),
        ["FreeEnclave"] = new("", _ => "cleanup_srcu_struct(&encl->srcu); kfree(encl)"),
        ["RecordTypeAndUnlock"] = new("", v => $"page {v.Text("Page")}: type recorded; mutex_unlock(&encl->lock)"),
        ["RecordType"] = new("", v => $"page {v.Text("Page")}: type recorded"),
        ["TakeEmptyVaPage"] = new("", v =>
            v.IsNone("EpcPage") ? "no VA page is to spare" : $"list_del(empty VA page {v.Epc("EpcPage")})"),
        ["CancelWork"] = new("", v => $"cancel_work_sync({v.Owner}){(v.Yes("IsRunning") ? ": it runs" : "")}"),
        ["PutBacking"] = new("", v =>
            $"{(v.Yes("IsDirtied") ? "set_page_dirty(); " : "")}sgx_encl_put_backing({v.Text("Index")})"),
        ["SwapOutBacking"] = new("", v =>
            $"shmem swaps out the {(v.Yes("IsPcmd") ? "PCMD page of" : "contents of page")} {v.Text("Index")}"),
        ["EraseAndUnlock"] = new("", _ => "xa_erase(&encl->page_array); mutex_unlock(&encl->lock)"),
        ["LockAndErase"] = new(EnclaveLock, v =>
            $"mutex_lock(&encl->lock); page {v.Text("Page")} out of EPC page {v.Epc("EpcPage")}"),
        ["EnterEnclave"] = new("", v => $"EENTER/ERESUME {v.Owner}, thread {v.Text("Thread")}"),
        ["ExitEnclave"] = new("", v => $"AEX/EEXIT {v.Owner}, thread {v.Text("Thread")}"),
        ["TakeEntry"] = new("", v =>
            v.IsNone("Page")
                ? $"page_array of {v.Owner}: end"
                : $"page_array of {v.Owner}: page "
                    + $"{v.Text("Page")}{(v.IsNone("EpcPage") ? ", swapped out" : $", EPC page {v.Epc("EpcPage")}")}"),
        ["TakeSecs"] = new("", v => v.IsNone("EpcPage") ? "SECS is swapped out"
            : v.Yes("HasChildren") ? $"secs_child_cnt is not 0: SECS stays in EPC page {v.Epc("EpcPage")}"
            : $"SECS out of EPC page {v.Epc("EpcPage")}"),
        ["TakeVaPage"] = new("", v =>
            v.IsNone("EpcPage") ? "va_pages is empty" : $"list_del(VA page {v.Epc("EpcPage")})"),
        ["MarkOutOfMemory"] = new("", v => "set_bit(SGX_ENCL_NO_MEMORY)"
            + (v.Yes("IsNotCreated") ? ": not created yet" : v.Yes("WasMarked") ? " (was set)" : "")),
        ["UnlinkVaPage"] = new("", v => $"list_del(VA page {v.Epc("VaPage")})"),
    };

    /// <summary>True when the message type has a phrase of its own.</summary>
    public static bool Knows(string message) => Phrases.ContainsKey(message);

    /// <summary>
    /// The kernel's stack of a step, outermost first, each frame with its file. Routines that are parts of a function
    /// have no frame.
    /// </summary>
    public static IReadOnlyList<string> Stack(RaceStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return [.. KernelFunctions.Stack(step).Select(f => f.Located)];
    }

    /// <summary>
    /// A message that a live run handles, as a statement of the kernel: for the tap and the logs of the engine on
    /// Akka.NET.
    /// </summary>
    /// <param name="resource">The name of the resource.</param>
    /// <param name="message">The name of the message's type.</param>
    /// <param name="request">The fields of the message as asked.</param>
    /// <param name="answer">The fields of the message as answered; null when the resource parked it.</param>
    public static string Of(
        string resource,
        string message,
        IReadOnlyList<KeyValuePair<string, string>> request,
        IReadOnlyList<KeyValuePair<string, string>>? answer)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(request);
        RaceStep step = new()
        {
            Number = 1,
            Task = 0,
            Resource = 0,
            Message = message,
            Request = request,
            Answer = answer ?? [],
            IsParked = answer is null,
        };
        RaceTrace trace = new()
        {
            Id = "",
            Title = "",
            Variant = "",
            Kernel = "",
            Tasks = [new RaceLane("", "")],
            Resources = [new RaceLane(resource, "")],
            Steps = [step],
        };
        return Knows(step.Message) ? Phrase(trace, step) : "";
    }

    /// <summary>The step as a statement of the kernel, or what it waits for.</summary>
    public static string Phrase(RaceTrace trace, RaceStep step)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(step);
        string phrase = PhraseOfSeries(trace, step);

        // Upstream has one list and one lock, and no cgroups of EPC: what the series calls an LRU of the root is
        // sgx_active_page_list there.
        return HasSeries(trace)
            ? phrase
            : phrase.Replace("spin_lock(LRU of /)", "spin_lock(&sgx_reclaimer_lock)", StringComparison.Ordinal)
                .Replace("spin_unlock(LRU of /)", "spin_unlock(&sgx_reclaimer_lock)", StringComparison.Ordinal)
                .Replace("list_empty(LRU of /)", "list_empty(&sgx_active_page_list)", StringComparison.Ordinal)
                .Replace("the lock of the LRU of /", "sgx_reclaimer_lock", StringComparison.Ordinal)
                .Replace("the LRU of /", "sgx_active_page_list", StringComparison.Ordinal)
                .Replace("LRU of /", "sgx_active_page_list", StringComparison.Ordinal)
                .Replace("get_current_misc_cg() of", "get_mem_cgroup_from_mm() of", StringComparison.Ordinal);
    }

    /// <summary>True for a kernel with the EPC cgroup series; upstream kernels are called linux-something.</summary>
    internal static bool HasSeries(RaceTrace trace) => !trace.Kernel.StartsWith("linux-", StringComparison.Ordinal);

    private static string PhraseOfSeries(RaceTrace trace, RaceStep step)
    {
        PhraseValues values = new(trace, step);
        if (!Phrases.TryGetValue(step.Message, out Entry? entry))
        {
            string arguments = string.Join(", ", step.Request.Concat(step.Answer).Select(f => $"{f.Key} {f.Value}"));
            string text = values.Lane.Length > 0 ? $"{step.Message}({values.Lane})" : step.Message;
            return (step.IsParked ? "... waits: " : "") + text + (arguments.Length > 0 ? ": " + arguments : "");
        }

        if (!step.IsParked)
        {
            return entry.Text(values);
        }

        return entry.Parked is { } parked ? parked(values)
            : "... waits for " + (entry.Lock.Length > 0 ? Named(entry.Lock, values) : values.Lane);
    }

    private static string Named(string name, PhraseValues values) => name switch
    {
        NodeLock => $"{Node(values)}->lock",
        MmapLock => $"mmap_lock of {values.Lane}",
        LruLock => $"the lock of the LRU of {values.Owner}",
        _ => name,
    };

    private static string Node(PhraseValues values) => values.Lane.Replace("node-", "node", StringComparison.Ordinal);

    private static string Change(PhraseValues values)
    {
        if (values.Number("Pages") is not { } stored || values.LastRead("LoadPages", "Pages") is not { } loaded)
        {
            return "tmp";
        }

        long change = stored - loaded;
        return string.Create(CultureInfo.InvariantCulture, $"tmp {(change < 0 ? '-' : '+')} {Math.Abs(change)}");
    }

    private static string Forgotten(PhraseValues values) =>
        values.Text("Forget") is var page && values.IsNone("Forget")
            ? ""
            : $"page {page.Replace("epc:", "", StringComparison.Ordinal)} no longer tracked; ";

    private static string Limit(string value) =>
        value is "9223372036854775807" or "18446744073709551615" ? "max" : value;

    private static string Errno(string value) => value == "Ok" ? "0" : "-" + value;

    private static string Leaf(string result) => result switch
    {
        "Done" => "",
        "NotTracked" => ": SGX_NOT_TRACKED",
        "PreviousTrackingIncomplete" => ": SGX_PREV_TRK_INCMPL",
        _ => ": " + result,
    };

    /// <summary>Text of a message.</summary>
    /// <param name="Lock">The lock that a parked request waits for; empty for none.</param>
    /// <param name="Text">The statement.</param>
    /// <param name="Parked">Text of a parked request that waits for no lock.</param>
    private sealed record Entry(
        string Lock,
        Func<PhraseValues, string> Text,
        Func<PhraseValues, string>? Parked = null);
}
