using EpcActors.Engine;

namespace EpcActors.Kernel;

/// <summary>
/// Steps that cost time. The names in the profile are the kernel's functions or the processor's instructions;
/// config/costs gives each its price and the grade of the figure.
/// </summary>
public enum Activity
{
    /// <summary>Waiting for a mutex: the kernel's spins on the owner.</summary>
    MutexWait = EngineActivity.MutexWait,

    /// <summary>A contended mutex changes hands, per waiter.</summary>
    MutexHandOver = EngineActivity.MutexHandOver,

    /// <summary>Waiting for a spin lock or a contended cache line.</summary>
    SpinWait = EngineActivity.SpinWait,

    /// <summary>User code between two page accesses.</summary>
    Work,

    /// <summary>Access to a resident, mapped page.</summary>
    Touch,

    /// <summary>Asynchronous enclave exit.</summary>
    Aex,

    /// <summary>ERESUME or EENTER.</summary>
    Eresume,

    /// <summary>Page-fault entry, VMA and page-array look-up, exit.</summary>
    PageFault,

    /// <summary>System call entry and exit.</summary>
    Syscall,

    /// <summary>A short spin-locked section: a free list, an LRU operation.</summary>
    SpinLock,

    /// <summary>An atomic read-modify-write on a line that other CPUs write too.</summary>
    Atomic,

    /// <summary>The racy counter's load or store: a cache line that comes from the other socket.</summary>
    SharedLine,

    /// <summary>Installing or removing one page-table entry.</summary>
    Pte,

    /// <summary>Ageing one page in one process.</summary>
    Age,

    /// <summary>Finding, pinning and releasing the backing of one page.</summary>
    Backing,

    Eblock,
    Etrack,

    /// <summary>Fixed part of an IPI wave.</summary>
    Ipi,

    /// <summary>Part of an IPI wave per CPU hit.</summary>
    IpiPerCpu,

    Ewb,

    /// <summary>An EWB that fails with SGX_NOT_TRACKED: nothing was moved yet.</summary>
    EwbNotTracked,
    Eldu,
    Eadd,

    /// <summary>EEXTEND of 256 bytes.</summary>
    Eextend,

    Eaug,
    Eaccept,
    Eremove,
    Epa,
    Ecreate,
    Einit,

    /// <summary>EMODPR or EMODT.</summary>
    Emod,

    /// <summary>schedule(), wake-up, start of a work item.</summary>
    Schedule,
}

/// <summary>Names of the activities as a profile shows them, and typed forms of the engine's calls.</summary>
public static class Activities
{
    public const int Count = (int)Activity.Schedule + 1;

    /// <summary>The kernel's or the processor's name.</summary>
    public static string Name(Activity activity) => activity switch
    {
        Activity.MutexWait => "mutex_lock",
        Activity.MutexHandOver => "mutex_unlock_slowpath",
        Activity.SpinWait => "spin_lock",
        Activity.Work => "enclave code",
        Activity.Touch => "enclave memory access",
        Activity.Aex => "AEX",
        Activity.Eresume => "ERESUME",
        Activity.PageFault => "asm_exc_page_fault",
        Activity.Syscall => "ioctl entry",
        Activity.SpinLock => "spin-locked section",
        Activity.Atomic => "atomic",
        Activity.SharedLine => "sgx_nr_free_pages (racy)",
        Activity.Pte => "vmf_insert_pfn / zap",
        Activity.Age => "sgx_reclaimer_age",
        Activity.Backing => "sgx_encl_get_backing",
        Activity.Eblock => "EBLOCK",
        Activity.Etrack => "ETRACK",
        Activity.Ipi => "sgx_ipi (wave)",
        Activity.IpiPerCpu => "sgx_ipi (per CPU)",
        Activity.Ewb => "EWB (sgx_encl_ewb)",
        Activity.EwbNotTracked => "EWB (SGX_NOT_TRACKED)",
        Activity.Eldu => "ELDU (sgx_encl_eldu)",
        Activity.Eadd => "EADD",
        Activity.Eextend => "EEXTEND",
        Activity.Eaug => "EAUG",
        Activity.Eaccept => "EACCEPT",
        Activity.Eremove => "EREMOVE",
        Activity.Epa => "EPA",
        Activity.Ecreate => "ECREATE",
        Activity.Einit => "EINIT",
        Activity.Emod => "EMODPR/EMODT",
        Activity.Schedule => "schedule",
    };

    /// <summary>Key of the activity under <c>epc.costs</c>.</summary>
    public static string Key(Activity activity) => activity switch
    {
        Activity.MutexWait => "mutex-wait",
        Activity.MutexHandOver => "mutex-hand-over",
        Activity.SpinWait => "spin-wait",
        Activity.Work => "work",
        Activity.Touch => "touch",
        Activity.Aex => "aex",
        Activity.Eresume => "eresume",
        Activity.PageFault => "page-fault",
        Activity.Syscall => "syscall",
        Activity.SpinLock => "spin-lock",
        Activity.Atomic => "atomic",
        Activity.SharedLine => "shared-line",
        Activity.Pte => "pte",
        Activity.Age => "age",
        Activity.Backing => "backing",
        Activity.Eblock => "eblock",
        Activity.Etrack => "etrack",
        Activity.Ipi => "ipi",
        Activity.IpiPerCpu => "ipi-per-cpu",
        Activity.Ewb => "ewb",
        Activity.EwbNotTracked => "ewb-not-tracked",
        Activity.Eldu => "eldu",
        Activity.Eadd => "eadd",
        Activity.Eextend => "eextend",
        Activity.Eaug => "eaug",
        Activity.Eaccept => "eaccept",
        Activity.Eremove => "eremove",
        Activity.Epa => "epa",
        Activity.Ecreate => "ecreate",
        Activity.Einit => "einit",
        Activity.Emod => "emod",
        Activity.Schedule => "schedule",
    };

    /// <summary>True when the page it works on may lie on another node: then the remote factor applies.</summary>
    public static bool TouchesEpc(Activity activity) => activity is
        Activity.Touch or Activity.Ewb or Activity.Eldu or Activity.Eadd or Activity.Eaug or Activity.Eremove;

    internal static void Spend(this Turn turn, Activity activity, int count = 1, bool remote = false) =>
        turn.Spend((int)activity, count, remote);

    internal static void Hold(this Turn turn, Activity activity, int count = 1) =>
        turn.Hold((int)activity, count, false);
}
