using System.Globalization;
using EpcActors.Imports;
using EpcActors.Imports.Traces;
using EpcActors.Kernel.Random;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Robustness;

namespace EpcActors.Tests.Imports;

/// <summary>
/// Every sample, changed at random: it is refused with lines for people, or it becomes a scenario that loads. Never
/// another exception, and never a text that the loader does not read. EPC_FUZZ_IMPORTS makes it longer.
/// </summary>
public sealed class ImportFuzzTests
{
    private static readonly int Inputs = int.TryParse(
        Environment.GetEnvironmentVariable("EPC_FUZZ_IMPORTS"), CultureInfo.InvariantCulture, out int count)
        ? count : 150;

    public static TheoryData<string, InputFormat> Files
    {
        get
        {
            TheoryData<string, InputFormat> files = [];
            foreach (object[] row in SampleTests.Samples)
            {
                if ((InputFormat)row[1] != InputFormat.Cgroup)
                {
                    files.Add((string)row[0], (InputFormat)row[1]);
                }
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_changed_sample_is_refused_or_loads(string name, InputFormat format)
    {
        string[] corpus = [File.ReadAllText(Importing.SamplePath(name))];
        ulong seed = (ulong)Math.Abs(name.Length * 7919);
        Parallel.For(0, Inputs, number =>
        {
            string text = new Mutator(new Prng((seed << 32) + (ulong)number), corpus).Next();
            ScenarioText? made = null;
            try
            {
                made = Importing.Text(name, text, format: format);
            }
            catch (ConfigurationException refused)
            {
                Require(refused.Message, text);
            }

            if (made is not null)
            {
                Require(made.Text + Importing.Notes(made), text);
                try
                {
                    Importing.Load(made);
                }
                catch (ConfigurationException wrong)
                {
                    Assert.Fail($"the scenario does not load: {wrong.Message}\n---\n{made.Text}\n---\n{text}");
                }
            }
        });
    }

    [Theory]
    [MemberData(nameof(TraceImportTests.Samples), MemberType = typeof(TraceImportTests))]
    public void A_changed_recording_is_refused_or_is_a_trace(string name, TraceFormat format)
    {
        string all = File.ReadAllText(Importing.SamplePath(name));
        string[] corpus = [all[..Math.Min(all.Length, 4000)]];
        Parallel.For(0, 10 * Inputs, number =>
        {
            string text = new Mutator(new Prng((77UL << 32) + (ulong)number), corpus).Next();
            using StringWriter writer = new();
            try
            {
                ImportedTrace trace = TraceImport.Read(new StringReader(text), name, format, new TraceImportOptions());
                trace.Write(writer);
                trace.WriteSummary(writer);
            }
            catch (ConfigurationException refused)
            {
                Require(refused.Message, text);
            }
        });
    }

    private static void Require(string said, string text)
    {
        if (
            said.Length == 0
            || said.Contains("   at EpcActors", StringComparison.Ordinal)
            || said.Any(one => (char.IsControl(one) && one is not ('\n' or '\t')) || one == '\u202e'))
        {
            Assert.Fail($"{said}\n---\n{text}");
        }
    }
}
