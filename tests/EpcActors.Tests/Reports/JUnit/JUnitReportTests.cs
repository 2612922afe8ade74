using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports.JUnit;

public sealed class JUnitReportTests
{
    private const string Hostile = "<a b=\"c\" d='e'>&amp; ]]> \u0001 \u001b[31m \ufffe \ud800 \u202e \U0001f600 ü";

    private const string Harmless =
        @"<a b=""c"" d='e'>&amp; ]]> \u0001 \u001b[31m \ufffe \ud800 \u202e " + "\U0001f600 ü";

    /// <summary>One character that XML has no way to write, and the whole file is refused by its reader.</summary>
    [Fact]
    public void Any_text_can_stand_anywhere()
    {
        JUnitSuite suite = new()
        {
            Name = Hostile,
            ClassName = Hostile,
            Host = Hostile,
            Properties = [new(Hostile, Hostile)],
            Output = Hostile,
            Notes = Hostile,
            Cases =
            [
                Case("f", JUnitOutcome.Failed), Case("u", JUnitOutcome.Undecided), Case("s", JUnitOutcome.Skipped),
            ],
        };
        JUnitDocument document = JUnitDocument.Parse(JUnitReport.ToXml([suite]));

        Assert.Equal(Harmless, document.Suites[0].Attribute("name")!.Value);
        Assert.Equal(Harmless, document.Suites[0].Attribute("hostname")!.Value);
        Assert.Equal(Harmless, document.Property(Harmless));
        Assert.Equal(Harmless, document.Suites[0].Element("system-out")!.Value);
        Assert.Equal(Harmless, document.Suites[0].Element("system-err")!.Value);
        Assert.Equal(
            ["failure", "error", "skipped"],
            document.Cases.Select(one => one.Elements().Single().Name.LocalName));
        Assert.All(document.Cases, one => Assert.Equal(Harmless, one.Elements().Single().Attribute("message")!.Value));
        Assert.All(document.Cases, one =>
            Assert.Equal($"{Hostile[..2]}{Harmless[2..]}\n\n{Harmless}\n", one.Elements().Single().Value));

        static JUnitCase Case(string name, JUnitOutcome outcome) =>
            new(name + Hostile, outcome) { Message = Hostile, Text = Hostile, Type = Hostile };
    }

    [Fact]
    public void Line_ends_stay_in_texts_and_become_spaces_in_attributes()
    {
        JUnitSuite suite = new()
        {
            Name = " two\r\nlines ",
            ClassName = "c",
            Cases = [new JUnitCase("a\n b", JUnitOutcome.Failed) { Message = "m\nn", Text = "x\r\n\ty\r" }],
        };
        JUnitDocument document = JUnitDocument.Parse(JUnitReport.ToXml([suite]));

        Assert.Equal("two lines", document.Suites[0].Attribute("name")!.Value);
        Assert.Equal("m n", document.Case("a b").Element("failure")!.Attribute("message")!.Value);
        Assert.Equal("m\nn\n\nx\n\ty\n", document.Case("a b").Element("failure")!.Value);
    }

    /// <summary>A reader that takes the first case of a name would lose the others.</summary>
    [Fact]
    public void Cases_of_one_name_are_told_apart()
    {
        JUnitSuite suite = new()
        {
            Name = "n",
            ClassName = "c",
            Cases = [new("x", JUnitOutcome.Passed), new("x", JUnitOutcome.Failed), new("x (2)", JUnitOutcome.Passed)],
        };
        JUnitDocument document = JUnitDocument.Parse(JUnitReport.ToXml([suite, suite]));

        Assert.Equal(
            ["x", "x (2)", "x (2) (2)", "x (3)", "x (4)", "x (2) (3)"],
            document.Cases.Select(one => one.Attribute("name")!.Value));
    }

    [Theory]
    [InlineData("epc.run.quickstart.linux-6_16", "epc", "run", "quickstart", "linux-6.16")]
    [InlineData("epc.check.a", "epc", "check", "a", "")]
    public void Dots_are_between_names_only(string expected, params string[] names) =>
        Assert.Equal(expected, JUnitReport.ClassName(names));

    public static TheoryData<string> Samples => [.. Reports.Keys];

    private static Dictionary<string, RunReport> Reports => new()
    {
        ["quiet"] = SampleReports.Quiet(),
        ["hang"] = SampleReports.Hang(),
        ["empty"] = SampleReports.Empty(),
        ["escapes"] = SampleReports.Escapes(),
        ["cancelled"] = SampleReports.Quiet() with { Verdict = Verdict.Inconclusive },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void Any_run_is_a_valid_document(string name)
    {
        RunReport report = Reports[name];
        JUnitSuite suite = RunSuite.Of(
            report,
            "summary",
            "1.2.3",
            new DateTimeOffset(2026, 11, 29, 10, 0, 7, 5, TimeSpan.Zero),
            TimeSpan.FromSeconds(4321.5));
        JUnitDocument document = JUnitDocument.Parse(JUnitReport.ToXml([suite]));

        Assert.Equal("2026-11-29T10:00:07", document.Suites[0].Attribute("timestamp")!.Value);
        Assert.Equal("4321.500", document.Suites[0].Attribute("time")!.Value);
        Assert.Equal(
            1 + Rules.BySeverity.Union(report.Violations.Select(one => one.Rule)).Count()
                + report.Expectations.Count,
            document.Cases.Count());
        Assert.Equal(
            report.Violations.Select(one => one.Rule).Distinct().Count(),
            document.With("failure").Count(one => one.StartsWith("rule ", StringComparison.Ordinal)));
    }
}
