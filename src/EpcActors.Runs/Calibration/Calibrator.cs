using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Runs.Calibration;

/// <summary>
/// Fits a cost profile to measurements of one's own machine: costs are multiplied until the same microbenchmark takes
/// as long in the model. No formula does it: the reclaimer works beside the thread that faults, and both wait for the
/// enclave's lock.
/// </summary>
public static class Calibrator
{
    /// <summary>A measurement further from the profile than this is a mistake.</summary>
    public const double Absurd = 20;

    /// <summary>A measurement further from the profile than this gets a note.</summary>
    public const double Far = 4;

    private const double CloseEnough = 0.002;

    private const int MostRounds = 24;

    private const string TextName = "/calibrated.conf";

    /// <summary>Fits it.</summary>
    /// <param name="request">Measurements and profile.</param>
    /// <param name="command">The command line, for the head of the file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CalibrationException">A measurement cannot be right.</exception>
    /// <exception cref="ConfigurationException">The profile cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static CalibrationResult Fit(
        CalibrationRequest request, string command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(command);
        Check(request);
        bool isChosen = request.Profile.Length == 0;
        string profile = isChosen ? Nearest(request, cancellationToken) : request.Profile;
        CostProfile before = Start(profile, request);
        List<CalibratedMeasurement> measurements = [];
        List<string> notes = [];
        CostProfile costs = before;
        foreach ((string name, double ns, Microbenchmark benchmark) in Measurements(request))
        {
            double profileNs = benchmark.Ns(before, cancellationToken);
            RequireSane(name, ns, profileNs, profile, notes);
            (costs, double factor) = Scale(costs, benchmark, ns, cancellationToken);
            measurements.Add(new CalibratedMeasurement
            {
                Name = name,
                What = benchmark.What,
                MeasuredNs = ns,
                ProfileNs = profileNs,
                AdjustedNs = ns,
                Factor = factor,
                Costs = [.. benchmark.Measures.Select(
                    activity => new AdjustedCost(
                        Activities.Key(activity), before.Cycles[(int)activity], costs.Cycles[(int)activity]))],
            });
        }

        return Verified(
            new CalibrationResult
            {
                Profile = profile,
                IsChosen = isChosen,
                Measurements = measurements,
                Notes = notes,
                Text = "",
            },
            request,
            before,
            command,
            cancellationToken);
    }

    /// <summary>The text is read as a scenario would read it, and both microbenchmarks run with what it says.</summary>
    private static CalibrationResult Verified(
        CalibrationResult result,
        CalibrationRequest request,
        CostProfile before,
        string command,
        CancellationToken cancellationToken)
    {
        string text = CalibratedText.Write(result, before, request.ClockMhz is not null, command);
        CostProfile read = Microbenchmark.Costs(
            TextName, new Overlay(TextName, text, ConfigEnvironment.Default.Files));
        List<CalibratedMeasurement> measurements = [];
        List<string> notes = [.. result.Notes];
        foreach ((CalibratedMeasurement one, (_, double ns, Microbenchmark benchmark)) in
            result.Measurements.Zip(Measurements(request)))
        {
            CalibratedMeasurement measured = one with { AdjustedNs = benchmark.Ns(read, cancellationToken) };
            measurements.Add(measured);
            if (Math.Abs(measured.Error) > 0.02)
            {
                string off = measured.Error.ToString("+0.0 %;-0.0 %", CultureInfo.InvariantCulture);
                notes.Add(
                    $"{one.Name}: the model takes {CalibratedText.Time(measured.AdjustedNs)} at best, {off} off "
                        + $"{CalibratedText.Time(ns)}: costs that this measurement does not scale are more than it "
                        + "leaves");
            }
        }

        result = result with { Measurements = measurements, Notes = notes };
        return result with { Text = CalibratedText.Write(result, before, request.ClockMhz is not null, command) };
    }

    private static IEnumerable<(string Name, double Ns, Microbenchmark Benchmark)> Measurements(
        CalibrationRequest request)
    {
        if (request.AccessNs is { } access)
        {
            yield return ("access", access, Microbenchmark.Access);
        }

        if (request.FaultNs is { } fault)
        {
            yield return ("fault", fault, Microbenchmark.Of(request.Kind));
        }
    }

    private static void Check(CalibrationRequest request)
    {
        if (request.AccessNs is null && request.FaultNs is null)
        {
            throw new CalibrationException("no measurement: give --access, --fault, or both; --help says of what");
        }

        if (request is { AccessNs: { } access, FaultNs: { } fault } && fault <= access)
        {
            throw new CalibrationException(
                $"--fault {CalibratedText.Time(fault)} is not slower than --access {CalibratedText.Time(access)}: a "
                    + "fault ends with the access that it was for; check the units, and that neither is exchanged for "
                    + "the other");
        }
    }

    /// <summary>The shipped profile whose microbenchmarks are nearest to the measurements, by ratio.</summary>
    private static string Nearest(CalibrationRequest request, CancellationToken cancellationToken) =>
        BuiltInFiles.Names("costs").MinBy(profile =>
        {
            CostProfile costs = Start(profile, request);
            return Measurements(request).Sum(
                one => Math.Abs(Math.Log(one.Benchmark.Ns(costs, cancellationToken) / one.Ns)));
        })!;

    private static CostProfile Start(string profile, CalibrationRequest request)
    {
        CostProfile costs = Microbenchmark.Costs(profile, ConfigEnvironment.Default.Files);
        return request.ClockMhz is { } clock ? costs with { ClockMhz = clock } : costs;
    }

    private static void RequireSane(string name, double ns, double profileNs, string profile, List<string> notes)
    {
        double ratio = ns / profileNs;
        string told = $"--{name} {CalibratedText.Time(ns)} is {CalibratedText.Times(ratio)} the "
            + $"{CalibratedText.Time(profileNs)} of {profile}";
        if (ratio is > Absurd or < 1 / Absurd)
        {
            double[] meant =
                [.. ((double[])[1e-6, 1e-3, 1e3, 1e6]).Where(unit => ratio * unit is < Absurd / 2 and > 2 / Absurd)];
            throw new CalibrationException(
                told + (meant.Length > 0 ? $"; did you mean {CalibratedText.Time(ns * meant[0])}?"
                    : "; is it the time for one page, or for one read, by one thread?")
                + " If it is right, begin with a profile of your own: --profile FILE.conf");
        }

        if (ratio is > Far or < 1 / Far)
        {
            notes.Add($"{told}: costs of other things (EADD, EEXTEND, locks) stay those of the profile, and may be off "
                + "as much");
        }
    }

    /// <summary>
    /// Multiplies the costs that a microbenchmark measures until it takes the time. The time grows with the factor, so
    /// each try ends below or above; between two of them the ratio says where to look, and the middle when that does
    /// not help.
    /// </summary>
    private static (CostProfile Costs, double Factor) Scale(
        CostProfile costs, Microbenchmark benchmark, double ns, CancellationToken cancellationToken)
    {
        double low = 0;
        double high = double.PositiveInfinity;
        double factor = 1;
        (CostProfile Costs, double Factor, double Error) best = (costs, 1, double.PositiveInfinity);
        for (int round = 0; round < MostRounds && best.Error > CloseEnough; round++)
        {
            CostProfile scaled = Scaled(costs, benchmark.Measures, factor);
            double took = benchmark.Ns(scaled, cancellationToken);
            double error = Math.Abs((took / ns) - 1);
            if (error < best.Error)
            {
                best = (scaled, factor, error);
            }

            (low, high) = took < ns ? (factor, high) : (low, factor);
            double next = factor * ns / took;
            factor = next > low && next < high ? next : (low + Math.Min(high, 4 * Math.Max(low, 1))) / 2;
        }

        return (best.Costs, best.Factor);
    }

    private static CostProfile Scaled(CostProfile costs, IReadOnlyList<Activity> activities, double factor)
    {
        int[] cycles = [.. costs.Cycles];
        foreach (Activity activity in activities)
        {
            cycles[(int)activity] = (int)Math.Round(cycles[(int)activity] * factor);
        }

        return costs with { Cycles = cycles };
    }

    /// <summary>One text of that name over the files that there are.</summary>
    private sealed class Overlay(string name, string text, IHoconIncluder files) : IHoconIncluder
    {
        public string Locate(string includingSource, string included) =>
            included == name ? name : files.Locate(includingSource, included);

        public string? Read(string source) => source == name ? text : files.Read(source);
    }
}
