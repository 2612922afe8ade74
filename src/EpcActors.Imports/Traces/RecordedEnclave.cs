using EpcActors.Scenarios.Workloads.Fitting;

namespace EpcActors.Imports.Traces;

/// <summary>The accesses of one enclave of a trace, to fit a workload to.</summary>
/// <param name="Enclave">What the trace says of it.</param>
/// <param name="Accesses">Its accesses, threads included.</param>
/// <param name="DurationNs">Time from its first access to its last, scaled, nanoseconds.</param>
public sealed record RecordedEnclave(TracedEnclave Enclave, AccessSequence Accesses, long DurationNs);
