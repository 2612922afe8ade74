using global::Akka.Configuration;
using global::Akka.Configuration.Hocon;

namespace EpcActors.TestKit.Akka;

/// <summary>The configuration under which the laboratory runs all mailboxes of a system.</summary>
internal static class LabConfig
{
    private static readonly Config Own = ConfigurationFactory.ParseString(
        $$"""
        akka {
          loggers = []
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          scheduler.implementation = "{{Name<LabScheduler>()}}"
          actor {
            debug.unhandled = off
            default-dispatcher = { type = "{{Name<LabDispatcherConfigurator>()}}" }
            internal-dispatcher = { type = "{{Name<LabDispatcherConfigurator>()}}" }
            default-blocking-io-dispatcher = { type = "{{Name<LabDispatcherConfigurator>()}}" }
            default-fork-join-dispatcher = { type = "{{Name<LabDispatcherConfigurator>()}}" }
            task-dispatcher = { type = "{{Name<LabDispatcherConfigurator>()}}" }
            synchronized-dispatcher = { type = "{{Name<LabDispatcherConfigurator>()}}" }
            default-mailbox { mailbox-type = "{{Name<LabMailbox>()}}" }
            mailbox {
              unbounded-queue-based { mailbox-type = "{{Name<LabMailbox>()}}" }
              unbounded-deque-based { mailbox-type = "{{Name<LabMailbox>()}}" }
            }
          }
          persistence.dispatchers.default-plugin-dispatcher { type = "{{Name<LabDispatcherConfigurator>()}}" }
          persistence.dispatchers.default-replay-dispatcher { type = "{{Name<LabDispatcherConfigurator>()}}" }
          persistence.dispatchers.default-stream-dispatcher { type = "{{Name<LabDispatcherConfigurator>()}}" }
        }
        """);

    /// <summary>The laboratory's settings on top of those of a test.</summary>
    public static Config Over(Config config)
    {
        Config whole = Own.WithFallback(config);
        string text = config.IsEmpty ? "" : string.Join('\n', OwnDispatchers(config.Root.GetObject(), ""));
        return text.Length == 0 ? whole : ConfigurationFactory.ParseString(text).WithFallback(whole);
    }

    /// <summary>Blocks of the test's configuration that are dispatchers: <c>my-dispatcher { type = … }</c>.</summary>
    private static IEnumerable<string> OwnDispatchers(HoconObject block, string path)
    {
        foreach ((string key, HoconValue value) in block.Items)
        {
            if (!value.IsObject())
            {
                continue;
            }

            string full = path.Length == 0 ? key : $"{path}.{key}";
            HoconObject inner = value.GetObject();
            bool isDispatcher = inner.Items.TryGetValue("type", out HoconValue? type)
                && type.IsString()
                && type.GetString().EndsWith("Dispatcher", StringComparison.Ordinal);
            IEnumerable<string> found = isDispatcher
                ? [$"{full} {{ type = \"{Name<LabDispatcherConfigurator>()}\" }}"]
                : OwnDispatchers(inner, full);
            foreach (string line in found)
            {
                yield return line;
            }
        }
    }

    private static string Name<T>() => $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}";
}
