using System.Reflection;
using EpcActors.Engine;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Results;
using EpcActors.Tests.Kernel;

namespace EpcActors.Tests.Reports.Races;

/// <summary>Traces made by hand.</summary>
internal static class SampleRaces
{
    /// <summary>R1: two CPUs on two nodes lose an update of the counter.</summary>
    public static RaceTrace LostUpdate() =>
        new()
        {
            Id = "R1",
            Title = "x86/sgx: free-page counter loses updates of other nodes",
            Source = "commit ac5d272a0ad0 (\"x86/sgx: Fix free page accounting\")",
            Symptom =
                "The counter of free EPC pages drifts away from the free lists, until ksgxd is no longer woken and "
                    + "faults repeat for ever",
            Fix = "free-page-counter = atomic",
            Variant = "buggy",
            Kernel = "linux-5.15 (free-page-counter = racy)",
            Rule = "counter == free-pages",
            Detail = "counter 101, free pages 100",
            ViolatedAtStep = 10,
            Conflict = (3, 8),
            Provenance = "bounded search, 2 switches of task, 41 schedules, shrunk from 31 steps",
            ReplayCommand = "epc race replay R1 --variant buggy --schedule 0,0,1,1,1,0,0,1,0,1",
            Tasks = [new RaceLane("CPU0", "node 0"), new RaceLane("CPU1", "node 1")],
            Resources =
            [
                new RaceLane("node-0", ""),
                new RaceLane("node-1", ""),
                new RaceLane("free-page-counter", ""),
                new RaceLane("cgroup:/", ""),
            ],
            Quantities = ["counter", "free-pages"],
            Before = [100, 100],
            Programs = ["CPU0 (node 0, enclave a): touch 3", "CPU1 (node 1, enclave b): remove 7"],
            Steps =
            [
                Step(
                    1,
                    0,
                    0,
                    "TakePage",
                    ["AllocEpcPage", "TakeFromNodes"],
                    [100, 99],
                    [("KeepLocked", "yes")],
                    [("Page", "epc:3")]
                ) with
                {
                    Locks = ["node->lock of node-0"],
                    Operation = "touch 3",
                },
                Step(
                    2,
                    1,
                    1,
                    "FreePage",
                    ["RemovePages", "RemovePage", "EnclFreeEpcPage", "FreeEpcPage"],
                    [100, 100],
                    [("Page", "epc:7"), ("KeepLocked", "yes")]
                ) with
                {
                    Locks = ["node->lock of node-1"],
                    Operation = "remove 7",
                },
                Step(
                    3,
                    0,
                    2,
                    "LoadPages",
                    ["AllocEpcPage", "TakeFromNodes", "CountFreePages"],
                    [100, 100],
                    [],
                    [("Pages", "100")]
                ) with
                {
                    Locks = ["node->lock of node-0"],
                    Operation = "touch 3",
                },
                Step(
                    4,
                    1,
                    2,
                    "LoadPages",
                    ["RemovePages", "RemovePage", "EnclFreeEpcPage", "FreeEpcPage", "CountFreePages"],
                    [100, 100],
                    [],
                    [("Pages", "100")]
                ) with
                {
                    Locks = ["node->lock of node-1"],
                    Operation = "remove 7",
                },
                Step(
                    5,
                    0,
                    2,
                    "StorePages",
                    ["AllocEpcPage", "TakeFromNodes", "CountFreePages"],
                    [99, 100],
                    [("Pages", "99")]
                ) with
                {
                    Locks = ["node->lock of node-0"],
                    Operation = "touch 3",
                },
                Step(6, 0, 0, "UnlockNode", ["AllocEpcPage", "TakeFromNodes"], [99, 100]) with
                {
                    Operation = "touch 3",
                },
                Step(7, 0, 2, "ReadPages", ["AllocEpcPage", "Main.ShouldReclaim"], [99, 100], [],
                    [("Pages", "99")]) with
                {
                    Operation = "touch 3",
                    Events = ["CPU0 ends"],
                },
                Step(
                    8,
                    1,
                    2,
                    "StorePages",
                    ["RemovePages", "RemovePage", "EnclFreeEpcPage", "FreeEpcPage", "CountFreePages"],
                    [101, 100],
                    [("Pages", "101")]
                ) with
                {
                    Locks = ["node->lock of node-1"],
                    Operation = "remove 7",
                },
                Step(
                    9,
                    1,
                    1,
                    "UnlockNode",
                    ["RemovePages", "RemovePage", "EnclFreeEpcPage", "FreeEpcPage"],
                    [101, 100]
                ) with
                {
                    Operation = "remove 7",
                },
                Step(
                    10,
                    1,
                    3,
                    "ReadLru",
                    ["RemovePages", "RemovePage", "Reclaim.CanReclaim"],
                    [101, 100],
                    [],
                    [("IsEmpty", "yes")]
                ) with
                {
                    Operation = "remove 7",
                    Events = ["CPU1 ends"],
                },
            ],
        };

    /// <summary>
    /// A fault that waits for the enclave's mutex, a reclaimer, and a fault that spins for ever because no task wakes
    /// ksgxd.
    /// </summary>
    public static RaceTrace Hang() =>
        new()
        {
            Id = "R1-hang",
            Title = "Faults repeat for ever beside a sleeping ksgxd",
            Symptom = "CPUs spin in the fault loop, ksgxd sleeps.",
            Variant = "buggy",
            Kernel = "linux-5.15 (free-page-counter = racy)",
            Rule = "liveness",
            Detail = "steps 7 to 9 repeat for ever",
            CycleStart = 7,
            Provenance = "random walk, seed 42",
            ReplayCommand = "epc race replay R1-hang",
            Tasks = [new RaceLane("ksgxd", ""), new RaceLane("CPU0", "enclave a"), new RaceLane("CPU1", "enclave a")],
            Resources =
            [
                new RaceLane("ksgxd_waitq", ""),
                new RaceLane("mm:a", ""),
                new RaceLane("enclave:a", ""),
                new RaceLane("node-0", ""),
                new RaceLane("free-page-counter", ""),
            ],
            Quantities = ["counter"],
            Before = [40],
            Steps =
            [
                Step(1, 0, 0, "SleepUntilWoken", ["Ksgxd.Run"], [40]) with
                {
                    IsParked = true,
                },
                Step(
                    2,
                    1,
                    2,
                    "LockAndReadPage",
                    ["Access", "VmaFault", "FaultUnderMmapLock", "LockAndLoad"],
                    [40],
                    [("Page", "4")],
                    [("State", "Swapped"), ("IsSecsResident", "yes")]
                ) with
                {
                    Locks = ["mmap_lock of mm:a", "encl->lock of enclave:a"],
                },
                Step(
                    3,
                    2,
                    2,
                    "LockAndReadPage",
                    ["Access", "VmaFault", "FaultUnderMmapLock", "LockAndLoad"],
                    [40],
                    [("Page", "5")]
                ) with
                {
                    IsParked = true,
                    Locks = ["mmap_lock of mm:a"],
                },
                Step(
                    4,
                    1,
                    3,
                    "TakePage",
                    [
                        "Access",
                        "VmaFault",
                        "FaultUnderMmapLock",
                        "LockAndLoad",
                        "LoadSwapped",
                        "EldUPage",
                        "AllocEpcPage",
                        "TakeFromNodes",
                    ],
                    [40],
                    [("KeepLocked", "yes")],
                    [("Page", "none")]
                ) with
                {
                    Locks = ["mmap_lock of mm:a", "encl->lock of enclave:a"],
                    Choices = ["ewb-fails"],
                },
                Step(5, 1, 2, "Unlock", ["Access", "VmaFault", "FaultUnderMmapLock", "LockAndLoad"], [40]) with
                {
                    Locks = ["mmap_lock of mm:a"],
                    Wakes = [2],
                },
                Step(
                    6,
                    2,
                    2,
                    "LockAndReadPage",
                    ["Access", "VmaFault", "FaultUnderMmapLock", "LockAndLoad"],
                    [40],
                    [("Page", "5")],
                    [("State", "Swapped"), ("IsSecsResident", "yes")]
                ) with
                {
                    Locks = ["mmap_lock of mm:a", "encl->lock of enclave:a"],
                },
                Step(
                    7,
                    2,
                    3,
                    "TakePage",
                    [
                        "Access",
                        "VmaFault",
                        "FaultUnderMmapLock",
                        "LockAndLoad",
                        "LoadSwapped",
                        "EldUPage",
                        "AllocEpcPage",
                        "TakeFromNodes",
                    ],
                    [40],
                    [("KeepLocked", "yes")],
                    [("Page", "none")]
                ) with
                {
                    Locks = ["mmap_lock of mm:a", "encl->lock of enclave:a"],
                },
                Step(
                    8,
                    2,
                    4,
                    "ReadPages",
                    [
                        "Access",
                        "VmaFault",
                        "FaultUnderMmapLock",
                        "LockAndLoad",
                        "LoadSwapped",
                        "EldUPage",
                        "AllocEpcPage",
                        "Main.ShouldReclaim",
                    ],
                    [40],
                    [],
                    [("Pages", "40")]
                ) with
                {
                    Locks = ["mmap_lock of mm:a", "encl->lock of enclave:a"],
                },
                Step(9, 2, 1, "Access", ["Access"], [40], [("Page", "5")], [("Result", "NotPresent")]),
            ],
        };

    /// <summary>Names that want to be markup.</summary>
    public static RaceTrace Hostile()
    {
        const string Name = "<script>alert(1)</script>; \"x\" #1 & [red]: end\n\u001b[31m";
        RaceTrace trace = LostUpdate();
        return trace with
        {
            Id = Name,
            Title = Name,
            Source = Name,
            Symptom = Name,
            Fix = Name,
            Variant = Name,
            Kernel = Name,
            Rule = Name,
            Detail = Name,
            Provenance = Name,
            ReplayCommand = Name,
            Tasks = [new RaceLane(Name, Name), new RaceLane("CPU1", "")],
            Resources = [.. trace.Resources.Select(r => new RaceLane(r.Name + Name, Name))],
            Quantities = [Name, "free-pages"],
            Programs = [Name],
            Steps =
            [
                .. trace.Steps.Select(s =>
                    s with
                    {
                        Choices = [Name],
                        Events = [Name],
                        Wakes = [0],
                        Operation = Name,
                        Stack = [new RaceFrame(Name, new KernelFunction(Name, Name, false))],
                        Locks = [Name],
                        Message = s.Number % 2 == 0 ? Name : s.Message,
                        Request = [new(Name, Name)],
                    }),
            ],
        };
    }

    /// <summary>Many tasks and steps.</summary>
    public static RaceTrace Large(int tasks, int steps)
    {
        RaceTrace trace = LostUpdate();
        return trace with
        {
            Id = "large",
            Tasks = [.. Enumerable.Range(0, tasks).Select(i => new RaceLane($"CPU{i}", $"node {i % 2}"))],
            Resources = [.. Enumerable.Range(0, 40).Select(i => new RaceLane($"node-{i}", ""))],
            ViolatedAtStep = steps,
            Steps =
            [
                .. Enumerable
                    .Range(1, steps)
                    .Select(n =>
                        Step(
                            n,
                            n * 7 % tasks,
                            n * 5 % 40,
                            n % 3 == 0 ? "TakePage" : "LoadPages",
                            ["AllocEpcPage", "TakeFromNodes"],
                            [100 - (n % 50), 100],
                            [],
                            [("Page", $"epc:{n}"), ("Pages", $"{n}")])),
            ],
        };
    }

    /// <summary>A routine by its name, with its type where the name occurs twice.</summary>
    private static RaceFrame Frame(string routine)
    {
        string[] words = routine.Split('.');
        List<LinuxAttribute> found =
        [
            .. from type in typeof(NumaNode).Assembly.GetTypes()
            where words.Length == 1 ? type.Namespace == "EpcActors.Kernel.Routines" : type.Name == words[0]
            from method in type.GetMethods(LinuxNamesTests.AllMethods)
            where method.Name == words[^1]
            let linux = method.GetCustomAttribute<LinuxAttribute>()
            where linux is not null
            select linux,
        ];
        return new RaceFrame(
            words[^1],
            found is []
                ? new KernelFunction(words[^1], "", IsPart: true)
                : new KernelFunction(found.Single().Function, found.Single().File, found.Single().IsPart));
    }

    public static RaceStep Step(
        int number, int task, int resource, string message, string[] stack, long[] values,
        (string Field, string Value)[]? request = null, (string Field, string Value)[]? answer = null) => new()
        {
            Number = number,
            Task = task,
            Resource = resource,
            Message = message,
            Stack = [.. stack.Select(Frame)],
            Values = values,
            Request = [.. (request ?? []).Select(f => KeyValuePair.Create(f.Field, f.Value))],
            Answer = [.. (answer ?? []).Select(f => KeyValuePair.Create(f.Field, f.Value))],
        };
}
