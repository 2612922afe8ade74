using System.Reflection;
using Akka.Actor;
using Akka.Configuration;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <summary>
/// The <see cref="ActorSystem"/> that an engine makes for itself: its configuration, its beginning, its end.
/// </summary>
internal static class OwnSystem
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(30);

    /// <summary>The engine's dispatcher.</summary>
    public static Config Dispatchers { get; } = ConfigurationFactory.ParseString(Text("dispatchers.conf"));

    /// <summary>Defaults of the engine's own system.</summary>
    public static Config Reference { get; } =
        ConfigurationFactory.ParseString(Text("reference.conf")).WithFallback(Dispatchers);

    private static Config Enforced { get; } = ConfigurationFactory.ParseString(Text("enforced.conf"));

    /// <exception cref="EngineConfigurationException">when Akka does not understand its block.</exception>
    public static ActorSystem Create(AkkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            Config user = string.IsNullOrWhiteSpace(options.AkkaBlock)
                ? ConfigurationFactory.Empty
                : ConfigurationFactory.ParseString(options.AkkaBlock);
            return ActorSystem.Create(options.SystemName, Enforced.WithFallback(user).WithFallback(Reference));
        }
        // Whatever Akka makes of a configuration, it is the configuration: parsing, types that do not exist, values out
        // of range.
#pragma warning disable CA1031
        catch (Exception error)
#pragma warning restore CA1031
        {
            throw new EngineConfigurationException(
                $"the akka block does not make an actor system: {Innermost(error)}",
                error);
        }
    }

    /// <summary>The dispatcher of that name, or the engine's own when it is not configured.</summary>
    /// <exception cref="EngineConfigurationException">when it cannot be made as it is configured.</exception>
    public static string FindDispatcher(ActorSystem system, string id)
    {
        string found = system.Dispatchers.HasDispatcher(id) ? id : AkkaOptions.DefaultDispatcher;
        try
        {
            system.Dispatchers.Lookup(found);
            return found;
        }
#pragma warning disable CA1031 // As above.
        catch (Exception error)
#pragma warning restore CA1031
        {
            throw new EngineConfigurationException($"the dispatcher {found} cannot be made: {Innermost(error)}", error);
        }
    }

    /// <summary>
    /// Ends the system through all phases of <see cref="CoordinatedShutdown"/>; returns when it has ended.
    /// </summary>
    public static void End(ActorSystem system)
    {
        if (system.WhenTerminated.IsCompleted)
        {
            return;
        }

        // A task of some other part that fails or hangs must not hold the run: the last phase terminates the system all
        // the same.
        _ = CoordinatedShutdown.Get(system).Run(RunIsOver.Reason);
        system.WhenTerminated.Wait(LongestEnd);
    }

    private static string Innermost(Exception error)
    {
        while (error is TargetInvocationException or AggregateException && error.InnerException is { } inner)
        {
            error = inner;
        }

        return error.Message;
    }

    private static string Text(string name)
    {
        using StreamReader reader = new(typeof(OwnSystem).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>Reason for the shutdown of an engine's own system: the end of the run.</summary>
public sealed class RunIsOver : CoordinatedShutdown.Reason
{
    public static readonly CoordinatedShutdown.Reason Reason = new RunIsOver();

    private RunIsOver()
    {
    }

    /// <summary>Of no use here: the system is told not to end the process.</summary>
    public override int ExitCode => 0;

    public override string ToString() => "the run is over";
}
