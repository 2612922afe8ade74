namespace EpcActors.TestKit.Akka;

/// <summary>A step: an actor handles a message, or time passes.</summary>
/// <param name="Actor">Path of the actor below /user; <see cref="Time"/> for a timer.</param>
/// <param name="Message">Type of the message; in brackets what Akka does by itself: <c>(start)</c>,
/// <c>(restart)</c>.</param>
/// <param name="Sender">Path of the sender, or of the actor that told it without one; empty for none.</param>
/// <param name="Detail">The message with its content, where it says one.</param>
/// <param name="At">Virtual time.</param>
public sealed record ActorStep(string Actor, string Message, string Sender, string Detail, TimeSpan At)
{
    /// <summary>The actor of a step in which a timer fires.</summary>
    public const string Time = "time";

    /// <summary>A fault that was chosen; empty for none.</summary>
    public string Fault { get; init; } = "";

    /// <summary>What became known in the step: unhandled messages, dead letters, failures, restarts.</summary>
    public IReadOnlyList<string> Happened { get; init; } = [];
}
