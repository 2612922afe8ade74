namespace EpcActors.Runs.Sizing;

/// <summary>
/// The knee of a curve that rises less and less: the point farthest above the straight line between its ends
/// (Satopää, Albrecht, Irwin and Raghavan, 2011).
/// </summary>
internal static class CurveKnee
{
    /// <summary>Place of the knee among points that ascend; -1 for a curve that does not bend upwards.</summary>
    public static int Of(IReadOnlyList<(double At, double Value)> curve)
    {
        if (curve.Count < 3 || curve[^1].Value - curve[0].Value <= 1e-9)
        {
            return -1;
        }

        int knee = -1;
        double farthest = 1e-6;
        double width = curve[^1].At - curve[0].At;
        double height = curve[^1].Value - curve[0].Value;
        for (int i = 1; i < curve.Count - 1; i++)
        {
            double above = ((curve[i].Value - curve[0].Value) / height) - ((curve[i].At - curve[0].At) / width);
            if (above > farthest)
            {
                (knee, farthest) = (i, above);
            }
        }

        return knee;
    }
}
