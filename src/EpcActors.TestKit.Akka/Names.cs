using System.Globalization;
using System.Text;
using global::Akka.Actor;
using global::Akka.Actor.Scheduler;
using global::Akka.Dispatch.SysMsg;

namespace EpcActors.TestKit.Akka;

/// <summary>Names of messages, as the program has them.</summary>
internal static class Names
{
    /// <summary>The type of a message, without its namespace: <c>Get</c>, <c>List[Int32]</c>.</summary>
    public static string OfMessage(object? message) => message switch
    {
        null => "null",
        IScheduledTellMsg scheduled => OfMessage(scheduled.Message),
        ActorSelectionMessage selection => OfMessage(selection.Message),
        SystemMessage system => OfSystem(system),
        Crash crash => OfMessage(crash.Instead),
        string text when text.Length <= 24 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') =>
            $"\"{text}\"",
        int or long or bool or Enum => Convert.ToString(message, CultureInfo.InvariantCulture)!,
        _ => OfType(message.GetType()),
    };

    /// <summary>Name of a type, without its namespace and its outer types.</summary>
    public static string OfType(Type type)
    {
        if (!type.IsGenericType)
        {
            return type.Name;
        }

        StringBuilder name = new(type.Name.Split('`')[0]);
        return name.Append('[').AppendJoin(',', type.GetGenericArguments().Select(OfType)).Append(']').ToString();
    }

    /// <summary>A message with what is in it, on one line, for the listing.</summary>
    public static string Describe(object? message)
    {
        string name = OfMessage(message);
        object? plain = message is IScheduledTellMsg scheduled ? scheduled.Message : message;
        string? text = plain is null or Crash or SystemMessage ? null : plain.ToString();
        string? line = text?.ReplaceLineEndings(" ");

        // A reference is told with a number that each run draws anew.
        bool hasReference = line?.Contains("akka://", StringComparison.Ordinal) == true;
        return line is { Length: > 0 and <= 60 } && !hasReference
            && line.StartsWith($"{name} {{", StringComparison.Ordinal)
            ? line.EndsWith("{ }", StringComparison.Ordinal) ? name : line
            : name;
    }

    private static string OfSystem(SystemMessage message) => message switch
    {
        Terminate => "(stop)",
        Recreate => "(restart)",
        Failed => "(failure)",
        DeathWatchNotification => "(terminated)",
        Suspend => "(suspend)",
        Resume => "(resume)",
        Create => Start,
        _ when message.GetType().Name == AkkaInternals.Continuation => "(continue)",
        _ => $"({message.GetType().Name})",
    };

    /// <summary>A node leaves.</summary>
    public const string Leaves = "(leaves)";

    /// <summary>An actor's constructor and PreStart.</summary>
    public const string Start = "(start)";
}

/// <summary>Stands in a mailbox for a message on which the actor crashes.</summary>
internal sealed record Crash(object Instead);
