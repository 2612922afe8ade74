using System.Runtime.CompilerServices;
using global::Akka.Configuration;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// Base of a class of tests of races between ordinary Akka.NET actors. A test sets actors up, tells them something and
/// says what must hold; the laboratory then chooses, schedule after schedule, which actor handles its next message.
/// </summary>
/// <example>
/// <code>
/// public sealed class CounterTests : AkkaRaces
/// {
///     [Fact]
///     public void Both_updates_count() => Race(race =>
///     {
///         int value = 0;
///         Action&lt;int&gt; changed = now => value = now;
///         IActorRef counter = race.ActorOf(Props.Create(() => new Counter(changed)), "counter");
///         race.ActorOf(Props.Create(() => new Client(counter)), "a").Tell(new Go());
///         race.ActorOf(Props.Create(() => new Client(counter)), "b").Tell(new Go());
///         race.Finally(() => Assert.Equal(2, value));
///     }).Check();
/// }
/// </code>
/// </example>
public abstract class AkkaRaces
{
    /// <summary>
    /// Configuration of the actor system, in HOCON; dispatchers and the scheduler are the laboratory's.
    /// </summary>
    protected virtual string Configuration => "";

    /// <summary>A race.</summary>
    /// <param name="setUp">Sets it up; called for each schedule anew.</param>
    /// <param name="name">Its name in reports and schedules; the method that calls.</param>
    protected ActorRace Race(Action<Race> setUp, [CallerMemberName] string name = "race")
    {
        ArgumentNullException.ThrowIfNull(setUp);
        Config config = Configuration.Length == 0 ? Config.Empty : ConfigurationFactory.ParseString(Configuration);
        return new ActorRace(name, setUp, config);
    }
}
