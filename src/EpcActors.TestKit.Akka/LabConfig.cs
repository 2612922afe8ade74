using global::Akka.Configuration;

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
        string text = string.Join('\n', OwnDispatchers(config));
        return text.Length == 0 ? whole : ConfigurationFactory.ParseString(text).WithFallback(whole);
    }

    /// <summary>Blocks of the test's configuration that are dispatchers: <c>my-dispatcher { type = … }</c>.</summary>
    private static IEnumerable<string> OwnDispatchers(Config config) =>
        config.IsEmpty
            ? []
            : config
                .AsEnumerable()
                .Where(entry => entry.Value.IsObject())
                .Where(entry => entry.Value.GetObject().GetKey("type")?.GetString()
                    .EndsWith("Dispatcher", StringComparison.Ordinal) == true)
                .Select(entry => $"{entry.Key} {{ type = \"{Name<LabDispatcherConfigurator>()}\" }}");

    private static string Name<T>() => $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}";
}
