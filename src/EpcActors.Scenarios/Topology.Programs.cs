using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Scenarios;

/// <content>Threads of enclaves and what they run.</content>
public sealed partial class Topology
{
    private EnclaveThread NewThread(EnclaveSpec spec, Process process, string name, int thread, List<ActorId> inEnclave)
    {
        (int cpu, int node) = _cpus.Deal(spec.Node);
        EnclaveThread task = new(NewId(), name, cpu, node, Machine, process.Id, thread)
        {
            SlotInEnclave = inEnclave.Count,
        };
        inEnclave.Add(task.Id);
        return task;
    }

    private EnclaveThread NewChild(
        EnclaveSpec spec,
        StepSpec.Fork fork,
        int enclave,
        int step,
        int pageCount,
        int ownerBase,
        List<ActorId> inEnclave,
        List<EnclaveThread> children)
    {
        string name = $"{spec.Name}/child-{children.Count}";

        // Without a thread until it is forked.
        Process process = Add(new Process(NewId(), name, spec.Cgroup, spec.Cgroup, 0));
        Machine.Processes.Add(process.Id);
        AddressSpace mm = Add(new AddressSpace(NewId(), name, Machine, pageCount, ownerBase));
        Machine.ProcessOfMm.Set(mm.Id, process.Id);
        AddressSpaces.Add((mm, enclave));
        EnclaveThread child = NewThread(spec, process, name, 0, inEnclave);
        List<ProgramStep> steps = [];
        foreach (StepSpec one in fork.Steps)
        {
            steps.Add(NewStep(one, spec with { Threads = 1 }, enclave, 1000 + (step * 100) + steps.Count));
        }

        child.Load(new EnclaveProgram
        {
            Name = name,
            Enclave = enclave,
            Process = process.Id,
            Mm = mm.Id,
            CodePages = spec.CodePages,
            HeapPages = spec.HeapPages,
            AddedHeapPages = spec.AddedHeapPages,
            Steps = steps,
            Threads = [child],
            IsChild = true,
        });
        children.Add(child);
        return child;
    }

    private ProgramStep NewStep(StepSpec step, EnclaveSpec spec, int enclave, int number) => step switch
    {
        StepSpec.Touch touch => new ProgramStep.TouchHeap(touch.Kind, touch.WorkNs, touch.ByOne),
        StepSpec.Pattern pattern => NewPattern(pattern, spec, enclave, number),
        StepSpec.Trace trace =>
            new ProgramStep.ReplayTrace(trace.Accesses, trace.TraceEnclave, trace.GapsAreArrivals),
        StepSpec.Accept => new ProgramStep.AcceptHeap(),
        StepSpec.ChangeType => new ProgramStep.ChangeType(),
        StepSpec.Restrict => new ProgramStep.RestrictPermissions(),
        StepSpec.Remove => new ProgramStep.RemoveHeap(),
        StepSpec.Pause pause => new ProgramStep.Pause(pause.Ns),
        { } other => throw new InvariantViolation($"{other.GetType().Name} has no place here"),
    };

    private ProgramStep.RunPattern NewPattern(StepSpec.Pattern pattern, EnclaveSpec spec, int enclave, int number)
    {
        Prng stream = _workload.Split((ulong)(spec.Number < 0 ? enclave : spec.Number)).Split((ulong)number);
        Kernel.Workloads.AccessPattern[] patterns = new Kernel.Workloads.AccessPattern[spec.Threads];
        for (int thread = 0; thread < patterns.Length; thread++)
        {
            Prng own = stream.Split((ulong)thread);
            patterns[thread] = pattern.DividesHeap
                ? PartOf(spec, thread, pattern.Factory, own)
                : pattern.Factory(spec.HeapPages, own);
        }

        return new ProgramStep.RunPattern(patterns, pattern.Accesses, pattern.WorkNs, pattern.WarmUp);
    }

    private static Kernel.Workloads.PartPattern PartOf(
        EnclaveSpec spec,
        int thread,
        PatternFactory factory,
        Prng stream)
    {
        (int first, int count) = Kernel.Workloads.PartPattern.Share(spec.HeapPages, thread, spec.Threads);
        return new Kernel.Workloads.PartPattern(
            spec.HeapPages,
            first,
            count == 0 ? null : factory(count, stream),
            stream);
    }

    private static int RoundUpToPowerOfTwo(int pages) =>
        (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)pages);
}
