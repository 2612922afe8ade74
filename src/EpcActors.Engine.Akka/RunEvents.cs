using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Published on the <see cref="ActorSystem.EventStream"/>: every actor is there, the tasks start now.
/// </summary>
public sealed record RunStarted(string Engine, int Resources, int Tasks);

/// <summary>Published on the <see cref="ActorSystem.EventStream"/>: every actor of the run has stopped.</summary>
/// <param name="End">Reason of the end; null when an actor failed.</param>
/// <param name="Steps">Requests handled.</param>
public sealed record RunEnded(RunEnd? End, long Steps);

/// <summary>
/// Published on the <see cref="ActorSystem.EventStream"/>: an actor failed, and the run ends because of it. Once for a
/// run.
/// </summary>
/// <param name="Path">Path of the actor, such as <c>/user/cgroups/pods/web</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Exception that it threw.</param>
public sealed record ActorFailed(string Path, string Name, Exception Reason);

/// <summary>
/// Published on the <see cref="ActorSystem.EventStream"/> at the end of a run that had any: messages without a
/// recipient, and messages that the recipient did not understand.
/// </summary>
public sealed record LettersLost(long DeadLetters, long Unhandled);
