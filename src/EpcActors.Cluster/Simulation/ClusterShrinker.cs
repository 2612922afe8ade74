namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Removes from a finding all that it does not need: faults one at a time, then losses, doubles and so on, as long as
/// the same rule is broken. Each removal changes the later steps, so each attempt is made with a few seeds of the
/// steps.
/// </summary>
public static class ClusterShrinker
{
    private const ulong WalkSeeds = 4;

    /// <summary>The smallest outcome that was come by.</summary>
    /// <param name="found">An outcome with a finding.</param>
    /// <param name="maxRuns">Most runs.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The outcome, <paramref name="found"/> itself when nothing could be left out, and the runs that it
    /// took.</returns>
    public static (SimulationOutcome Smallest, int Runs) Shrink(
        SimulationOutcome found,
        int maxRuns,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(found.Finding);
        SimulationOutcome best = found;
        int runs = 0;
        bool isSmaller = true;
        while (isSmaller)
        {
            isSmaller = false;
            foreach (FaultPlan plan in Smaller(best.Case.Setup.Plan))
            {
                if (Try(plan) is { } smaller)
                {
                    best = smaller;
                    isSmaller = true;
                    break;
                }

                if (runs >= maxRuns || cancellation.IsCancellationRequested)
                {
                    return (best, runs);
                }
            }
        }

        return (best, runs);

        SimulationOutcome? Try(FaultPlan plan)
        {
            for (ulong i = 0; i < WalkSeeds && runs < maxRuns && !cancellation.IsCancellationRequested; i++)
            {
                runs++;
                SimulationOutcome outcome = (
                    best.Case with
                    {
                        Setup = best.Case.Setup with { Plan = plan },
                        WalkSeed = found.Case.WalkSeed + i,
                    }
                ).Run();
                if (outcome.Finding?.Rule == found.Finding!.Rule)
                {
                    return outcome;
                }
            }

            return null;
        }
    }

    /// <summary>Plans with one thing less, those with most less first.</summary>
    private static IEnumerable<FaultPlan> Smaller(FaultPlan plan)
    {
        for (int i = 0; i < plan.Faults.Count; i++)
        {
            yield return plan with { Faults = [.. plan.Faults.Where((_, number) => number != i)] };
        }

        if (plan.Losses > 0)
        {
            yield return plan with { Losses = 0 };
        }

        if (plan.Doubles > 0)
        {
            yield return plan with { Doubles = 0 };
        }

        if (plan.Overtakes > 0)
        {
            yield return plan with { Overtakes = 0 };
        }

        if (plan.SkippedViews > 0)
        {
            yield return plan with { SkippedViews = 0 };
        }

        if (plan.HasSlowLines)
        {
            yield return plan with { HasSlowLines = false };
        }

        for (int i = 0; i < plan.Faults.Count; i++)
        {
            PlannedFault fault = plan.Faults[i];
            if (fault.ReturnsAfter != -1)
            {
                yield return With(i, fault with { ReturnsAfter = -1 });
            }

            if (fault.Steps > 1)
            {
                yield return With(i, fault with { Steps = fault.Steps / 2 });
            }
        }

        if (plan.Losses > 1)
        {
            yield return plan with { Losses = plan.Losses / 2 };
        }

        if (plan.Doubles > 1)
        {
            yield return plan with { Doubles = plan.Doubles / 2 };
        }

        if (plan.Overtakes > 1)
        {
            yield return plan with { Overtakes = plan.Overtakes / 2 };
        }

        FaultPlan With(int index, PlannedFault fault) =>
            plan with
            {
                Faults = [.. plan.Faults.Select((one, number) => number == index ? fault : one)],
            };
    }
}
