namespace EpcActors.TestKit.Akka;

/// <summary>What a page says of a step beside the step itself; noted in a run that is to be shown.</summary>
/// <param name="Causes">Steps, from 0, that sent what it handles; -1 for what was there before the first.</param>
/// <param name="Others">What could have come instead.</param>
internal sealed record ActorStepDetail(IReadOnlyList<int> Causes, IReadOnlyList<string> Others)
{
    /// <summary>What was sent in the step, and to whom.</summary>
    public List<string> Sent { get; } = [];
}
