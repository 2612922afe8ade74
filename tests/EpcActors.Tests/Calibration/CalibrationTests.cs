using EpcActors.Kernel;
using EpcActors.Runs.Calibration;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Calibration;

/// <summary>
/// The fitted profile makes the microbenchmarks take as long as was measured, and changes nothing else.
/// </summary>
[Trait("tier", "slow")] // Each fixed point takes many simulations.
public sealed class CalibrationTests
{
    private const string Xeon = "xeon-icx";

    public static TheoryData<string> Profiles => [.. BuiltInFiles.Names("costs")];

    public static TheoryData<FaultKind> Kinds => [.. Enum.GetValues<FaultKind>()];

    [Theory]
    [InlineData(FaultKind.Swap, 27, 12_000)]
    [InlineData(FaultKind.Swap, 120, 30_000)]
    [InlineData(FaultKind.Swap, 15, 4_000)]
    [InlineData(FaultKind.FirstTouch, 90, 6_100)]
    [InlineData(FaultKind.FirstTouch, 30, 2_500)]
    [InlineData(FaultKind.Eaug, 45, 21_000)]
    [InlineData(FaultKind.Eaug, 27, 7_000)]
    public void Both_microbenchmarks_take_what_was_measured(FaultKind kind, double access, double fault)
    {
        CalibrationResult result = Fit(new CalibrationRequest
        {
            Profile = Xeon,
            AccessNs = access,
            FaultNs = fault,
            Kind = kind,
        });
        Assert.Equal(["access", "fault"], result.Measurements.Select(one => one.Name));
        CostProfile costs = Read(result.Text);
        Assert.Equal(access, Microbenchmark.Access.Ns(costs, CancellationToken.None), access * 0.02);
        Assert.Equal(fault, Microbenchmark.Of(kind).Ns(costs, CancellationToken.None), fault * 0.005);
        Assert.All(result.Measurements, one => Assert.Equal(0, one.Error, 0.02));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void What_the_model_takes_already_changes_no_cost(string profile)
    {
        CostProfile costs = Microbenchmark.Costs(profile, ConfigEnvironment.Default.Files);
        CalibrationResult result = Fit(new CalibrationRequest
        {
            AccessNs = Microbenchmark.Access.Ns(costs, CancellationToken.None),
            FaultNs = Microbenchmark.Of(FaultKind.Swap).Ns(costs, CancellationToken.None),
        });
        Assert.Equal(profile, result.Profile);
        Assert.True(result.IsChosen);
        Assert.Equal(costs.Cycles, Read(result.Text).Cycles);
        Assert.All(result.Measurements, one => Assert.Equal(1, one.Factor));
    }

    /// <summary>
    /// The costs of a kind are those that its time consists of: each matters, and no other does by more than a little.
    /// </summary>
    [Theory, MemberData(nameof(Kinds))]
    public void A_measurement_scales_the_costs_that_it_consists_of(FaultKind kind)
    {
        CostProfile costs = Microbenchmark.Costs(Xeon, ConfigEnvironment.Default.Files);
        Microbenchmark benchmark = Microbenchmark.Of(kind);
        double before = benchmark.Ns(costs, CancellationToken.None);
        double others = 0;
        foreach (Activity activity in CostBinder.Priced.Except([Activity.Touch]))
        {
            int[] cycles = [.. costs.Cycles];
            cycles[(int)activity] *= 2;
            double after = benchmark.Ns(costs with { Cycles = cycles }, CancellationToken.None);
            double change = Math.Abs((after / before) - 1);
            if (benchmark.Measures.Contains(activity))
            {
                Assert.True(change > 0.0005, $"{activity} does not matter: {change}");
            }
            else
            {
                Assert.True(change < 0.04, $"{activity} matters: {change}");
                others += change;
            }
        }

        Assert.True(others < 0.12, $"the others make {others} of the time");
    }

    [Fact]
    public void Costs_that_were_not_measured_stay_and_the_text_names_each_that_was()
    {
        CostProfile before = Microbenchmark.Costs(Xeon, ConfigEnvironment.Default.Files);
        CalibrationResult result = Fit(
            new CalibrationRequest { Profile = Xeon, FaultNs = 7_000, Kind = FaultKind.FirstTouch });
        CostProfile after = Read(result.Text);
        Activity[] changed =
        [
            .. CostBinder.Priced.Where(
                activity => before.Cycles[(int)activity] != after.Cycles[(int)activity]),
        ];
        Assert.Equal(Microbenchmark.Of(FaultKind.FirstTouch).Measures.Order(), changed.Order());
        Assert.All(
            changed,
            activity => Assert.Contains(
                $"\n{Activities.Key(activity)} = {after.Cycles[(int)activity]} "
                    + $"# {before.Cycles[(int)activity]}, from --fault\n",
                result.Text,
                StringComparison.Ordinal));
        Assert.Equal(before.MutexSpinCycles, after.MutexSpinCycles);
        Assert.Equal(before.RemotePercent, after.RemotePercent);
    }

    [Fact]
    public void The_nearest_profile_is_taken()
    {
        Assert.Equal(Xeon, Fit(new CalibrationRequest { AccessNs = 27 }).Profile);
        Assert.Equal("client-sgx1", Fit(new CalibrationRequest { AccessNs = 16 }).Profile);
    }

    [Fact]
    public void A_clock_turns_the_other_costs_into_time_and_does_not_move_the_measured_ones()
    {
        CalibrationResult result = Fit(new CalibrationRequest
        {
            Profile = Xeon,
            AccessNs = 50,
            FaultNs = 11_000,
            ClockMhz = 2200,
        });
        CostProfile costs = Read(result.Text);
        Assert.Equal(2200, costs.ClockMhz);
        Assert.Equal(11_000, Microbenchmark.Of(FaultKind.Swap).Ns(costs, CancellationToken.None), 11_000 * 0.005);
        Assert.Equal(10_000, costs.Cycles[(int)Activity.Eadd]);
    }

    [Theory]
    [InlineData(90.0, 50.0, "a fault ends with the access")]
    [InlineData(12e3, 90.0, "check the units")]
    [InlineData(null, 12e6, "did you mean 12 us?")]
    [InlineData(null, 12.0, "did you mean 12 us?")]
    [InlineData(null, 300e3, "for one page")]
    [InlineData(90e3, null, "did you mean 90 ns?")]
    [InlineData(null, null, "no measurement")]
    public void What_cannot_be_right_is_told_with_what_to_do(double? access, double? fault, string words)
    {
        CalibrationException wrong = Assert.Throws<CalibrationException>(
            () => Fit(new CalibrationRequest { Profile = Xeon, AccessNs = access, FaultNs = fault }));
        Assert.Contains(words, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_far_from_the_profile_is_noted_and_fitted()
    {
        CalibrationResult result = Fit(new CalibrationRequest { Profile = Xeon, FaultNs = 60_000 });
        Assert.Contains("may be off as much", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Equal(0, result.Measurements[0].Error, 0.02);
    }

    private static CalibrationResult Fit(CalibrationRequest request) =>
        Calibrator.Fit(request, "epc calibrate", CancellationToken.None);

    /// <summary>As a scenario reads it.</summary>
    private static CostProfile Read(string text) => Configuration.Loading.LoadWith(
        """epc { costs = "mine.conf" }""", ("lab/mine.conf", text)).Scenario.Costs;
}
