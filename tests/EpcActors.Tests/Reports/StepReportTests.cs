using System.Text.Json;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

/// <summary>Steps, causes of death and cut-offs in every form of the report.</summary>
public sealed class StepReportTests
{
    [Fact]
    public void The_terminal_shows_each_step_and_what_the_slowdown_is_measured_against()
    {
        string text = Render.Console(120, console => ConsoleReport.Write(console, Report()));
        Assert.Contains("Steps of enclaves\n", text, StringComparison.Ordinal);
        Assert.Matches("app +load +CREATE to INIT +50.0 ms +0 +0 +- +0 +1.00×", text);
        Assert.Matches("2 warm-up +ycsb-b +10.0 ms +100 +10 +11.0 µs +5 +-\n", text);
        Assert.Matches("2 run +ycsb-b +40.0 ms, unfinished +400 +40 +11.0 µs +20 +2.50×", text);
        Assert.Contains("the same program alone with enough EPC on its own socket", text, StringComparison.Ordinal);
        Assert.Contains("warm-up not counted", text, StringComparison.Ordinal);
        Assert.Matches("app +/ +cut off", text);
        Assert.Contains(
            "INCONCLUSIVE: no rule was broken, but epc.run.duration cut the run off after 60 s with 1 program still "
                + "at work",
            text, StringComparison.Ordinal);
        Assert.DoesNotContain("60000000000", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_terminal_says_why()
    {
        string text = Render.Console(120, console => ConsoleReport.Write(console, Report()));
        Assert.Contains("Why\n  dead: SGX_IOC_ENCLAVE_ADD_PAGES failed with ENOMEM\n    - first reason\n    - second "
            + "reason\n", text, StringComparison.Ordinal);
        Assert.Contains("  vm: SIGBUS\n    - the guest's reason\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_has_the_same()
    {
        string page = Render.Text(writer => HtmlReport.Write(writer, Report()));
        Assert.Contains("Steps of enclaves", page, StringComparison.Ordinal);
        Assert.Contains("40.0 ms, unfinished", page, StringComparison.Ordinal);
        Assert.Contains("<li>First reason.</li>", page, StringComparison.Ordinal);
        Assert.Contains("cut off", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Scripts_get_every_figure()
    {
        using JsonDocument json = JsonDocument.Parse(JsonReport.ToJson(Report()));
        JsonElement app = json.RootElement.GetProperty("enclaves")[0];
        Assert.True(app.GetProperty("cut_off").GetBoolean());
        Assert.Equal(60_000_000_000, json.RootElement.GetProperty("cut_off_ns").GetInt64());
        JsonElement run = app.GetProperty("steps")[2];
        Assert.Equal("step", run.GetProperty("role").GetString());
        Assert.Equal(("run", 2), (run.GetProperty("name").GetString(), run.GetProperty("number").GetInt32()));
        Assert.Equal(40_000_000, run.GetProperty("time_ns").GetInt64());
        Assert.Equal(2.5, run.GetProperty("slowdown").GetDouble());
        Assert.Equal(JsonValueKind.Null, app.GetProperty("steps")[1].GetProperty("slowdown").ValueKind);
        JsonElement dead = json.RootElement.GetProperty("enclaves")[1];
        Assert.Equal(33, dead.GetProperty("least_pages").GetInt32());
        Assert.Equal(["first reason", "second reason"], dead.GetProperty("why").EnumerateArray()
            .Select(one => one.GetString()));

        using StringWriter csv = new() { NewLine = "\n" };
        StepsCsv.Write(csv, Report());
        string[] rows = csv.ToString().TrimEnd('\n').Split('\n');
        Assert.StartsWith("enclave,cgroup,role,number,step,what,time_ns,unfinished,", rows[0],
            StringComparison.Ordinal);
        Assert.Equal("app,/,step,2,run,ycsb-b,40000000,1,400,40,440000,20,2.5", rows[3]);
        Assert.Equal("app,/,warm-up,2,warm-up,ycsb-b,10000000,0,100,10,110000,5,", rows[2]);
        Assert.Equal(4, rows.Length);
    }

    private static RunReport Report() => SampleReports.Quiet(2) with
    {
        Verdict = Verdict.Inconclusive,
        WorkLeft = 1,
        CutOffNs = 60_000_000_000,
        Violations = [],
        Expectations = [],
        Enclaves =
        [
            new EnclaveReport
            {
                Name = "app",
                Cgroup = "/",
                Outcome = EnclaveOutcome.Running,
                IsCutOff = true,
                Slowdown = 2.5,
                Steps =
                [
                    Step(StepRole.Load, 0, "load", "CREATE to INIT", 50, 0, 1.0),
                    Step(StepRole.WarmUp, 2, "warm-up", "ycsb-b", 10, 10, null),
                    Step(StepRole.Step, 2, "run", "ycsb-b", 40, 40, 2.5) with { IsUnfinished = true },
                ],
            },
            new EnclaveReport
            {
                Name = "dead",
                Cgroup = "/",
                Outcome = EnclaveOutcome.Enomem,
                Detail = "SGX_IOC_ENCLAVE_ADD_PAGES failed with ENOMEM",
                Why = ["first reason", "second reason"],
                LeastPages = 33,
            },
        ],
        VirtualEpcs = [new VirtualEpcReport("vm", "/", EnclaveOutcome.Sigbus, 5, 5, "SIGBUS") { Why =
            ["the guest's reason"] }],
    };

    private static StepReport Step(StepRole role, int number, string name, string text, long ms, long faults,
        double? slowdown) => new()
        {
            Role = role,
            Number = number,
            Name = name,
            Text = text,
            TimeNs = ms * 1_000_000,
            Accesses = faults * 10,
            Faults = faults,
            FaultNs = faults * 11_000,
            Reloads = faults / 2,
            Slowdown = slowdown,
        };
}
