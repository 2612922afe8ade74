using EpcActors.Engine;

namespace EpcActors.Tests.EngineTests;

/// <summary>Envelopes of a task: reports of a live run count them while the task makes more.</summary>
public sealed class EnvelopeSetTests
{
    [Fact]
    public void Reports_count_while_a_task_makes_another_envelope()
    {
        ProbeTask task = new(1, _ => default);
        const int Most = 20_000;
        Thread maker = new(() =>
        {
            for (int i = 0; i < Most; i++)
            {
                Envelope<Probe.Note> envelope = new(task);
                task.Envelopes.Add(envelope);
            }
        });
        maker.Start();
        while (maker.IsAlive)
        {
            Assert.Empty(MessageCounts.Of([task]));
        }

        maker.Join();
    }
}
