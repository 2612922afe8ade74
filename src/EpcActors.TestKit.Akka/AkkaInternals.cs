using System.Runtime.CompilerServices;
using global::Akka.Actor;
using global::Akka.Dispatch;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// All that the laboratory uses of Akka.NET and that Akka.NET does not publish. A version in which one of them is
/// missing fails at <see cref="Check"/>, with the name.
/// </summary>
internal static class AkkaInternals
{
    /// <summary>Type of the system message with which a handler goes on after an await; for names only.</summary>
    public const string Continuation = "ActorTaskSchedulerMessage";

    /// <summary>The actor handles no message now: it awaits inside a handler, or has failed.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "IsSuspended")]
    public static extern bool IsSuspended(Mailbox mailbox);

    /// <summary>The actor whose mailbox it is.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Actor")]
    public static extern ActorCell ActorOf(Mailbox mailbox);

    /// <summary>Something is in the queue of system messages.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HasSystemMessages")]
    public static extern bool HasSystemMessages(Mailbox mailbox);

    /// <summary>Uses each of them once.</summary>
    /// <exception cref="NotSupportedException">This Akka.NET lacks one.</exception>
    public static void Check()
    {
        try
        {
            Mailbox mailbox = new(new LabQueue(null, null));
            _ = IsSuspended(mailbox) || HasSystemMessages(mailbox) || ActorOf(mailbox) is not null;
        }
        catch (MissingMemberException missing)
        {
            throw new NotSupportedException(
                $"Akka {typeof(ActorSystem).Assembly.GetName().Version} is not the one that EpcActors.TestKit.Akka was "
                    + $"made for: {missing.Message}. The package works with Akka 1.5.71 and later versions of 1.5",
                missing);
        }
    }
}
