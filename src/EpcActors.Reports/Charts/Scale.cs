using System.Globalization;

namespace EpcActors.Reports;

/// <summary>A tick of an axis.</summary>
internal readonly record struct Tick(double Value, string Label);

/// <summary>Maps values to the unit interval and knows its ticks.</summary>
internal sealed class Scale
{
    private readonly Func<double, double> _transform;

    private readonly double _from;

    private readonly double _span;

    private Scale(double min, double max, Func<double, double> transform, IReadOnlyList<Tick> ticks)
    {
        Min = min;
        Max = max;
        _transform = transform;
        _from = transform(min);
        _span = transform(max) - _from;
        Ticks = ticks;
    }

    public double Min { get; }

    public double Max { get; }

    public IReadOnlyList<Tick> Ticks { get; }

    /// <summary>0 at <see cref="Min"/>, 1 at <see cref="Max"/>; what lies outside is held at the edge.</summary>
    public double Map(double value) => Math.Clamp((_transform(value) - _from) / _span, 0, 1);

    /// <summary>From nought, ticks at 1, 2 or 5 times a power of ten.</summary>
    public static Scale Linear(double max, Func<double, string> format, int mostTicks = 5)
    {
        double top = max > 0 ? max : 1;
        double step = NiceStep(top / mostTicks);
        top = Math.Ceiling(top / step - 1e-9) * step;
        List<Tick> ticks = [];
        for (int i = 0; i * step <= top * 1.0001; i++)
        {
            ticks.Add(new Tick(i * step, i == 0 ? "0" : format(i * step)));
        }

        return new Scale(0, top, v => v, ticks);
    }

    /// <summary>Whole numbers of things: no tick between two of them.</summary>
    public static Scale Counts(double max, Func<double, string> format, int mostTicks = 5) =>
        Linear(Math.Max(max, mostTicks), format, mostTicks);

    /// <summary>From nought, ticks at powers of two bytes.</summary>
    public static Scale Bytes(double max, int mostTicks = 5)
    {
        double top = Math.Max(max, Units.PageBytes);
        double step = Math.Pow(2, Math.Ceiling(Math.Log2(top / mostTicks) - 1e-9));
        // The last tick may stay open: a usage of 33 MiB does not need an axis up to 40.
        double end = Math.Max(top * 1.04, step);
        List<Tick> ticks = [];
        for (int i = 0; i * step <= end; i++)
        {
            ticks.Add(new Tick(i * step, i == 0 ? "0" : Units.BytesShort((long)(i * step))));
        }

        return new Scale(0, end, v => v, ticks);
    }

    /// <summary>Virtual time from nought to the end of the run, with the unit in each label.</summary>
    public static Scale Time(long endNs, int mostTicks)
    {
        double end = Math.Max(endNs, 1);
        double step = end >= 120e9 ? NiceTimeStep(end / mostTicks) : NiceStep(end / mostTicks);
        List<Tick> ticks = [];
        for (int i = 0; i * step <= end * 1.0001; i++)
        {
            ticks.Add(new Tick(i * step, i == 0 ? "0" : TimeLabel(i * step, end)));
        }

        return new Scale(0, end, v => v, ticks);
    }

    /// <summary>
    /// Linear around nought, logarithmic beyond: the watermarks at 32 and 64 pages can be seen beside millions of
    /// free pages, and a counter that went below nought has a place as well.
    /// </summary>
    public static Scale SymLog(double min, double max, double linear, IReadOnlyList<Tick> fixedTicks)
    {
        double top = Math.Max(max, linear * 4) * 1.05;
        double bottom = min < 0 ? min * 1.05 : 0;
        double Transform(double v) => Math.Sign(v) * Math.Log(1 + Math.Abs(v) / linear);
        double span = Transform(top) - Transform(bottom);
        List<Tick> ticks = [.. fixedTicks, new Tick(0, "0")];
        for (double v = 1; v <= Math.Max(top, -bottom); v *= 2)
        {
            foreach (double candidate in (double[])[v, -v])
            {
                // Twelve labels at most fit above one another.
                bool fits = candidate <= top && candidate >= bottom && ticks.TrueForAll(t =>
                    Math.Abs(Transform(t.Value) - Transform(candidate)) > span / 9);
                if (fits)
                {
                    ticks.Add(new Tick(candidate, Units.Count((long)candidate)));
                }
            }
        }

        return new Scale(bottom, top, Transform, ticks);
    }

    /// <summary>Logarithmic durations from <paramref name="min"/> to <paramref name="max"/> nanoseconds.</summary>
    public static Scale LogDuration(double min, double max)
    {
        double bottom = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(min, 1)) + 1e-9));
        double top = Math.Max(max, bottom * 10);
        List<Tick> ticks = [];
        bool isShort = top / bottom <= 100;
        for (double decade = bottom; decade <= top * 1.0001; decade *= 10)
        {
            foreach (int digit in (int[])[1, 2, 5])
            {
                if ((digit == 1 || isShort) && decade * digit <= top * 1.0001)
                {
                    ticks.Add(new Tick(decade * digit, TimeLabel(decade * digit, decade * digit)));
                }
            }
        }

        return new Scale(bottom, top * 1.1, v => Math.Log10(Math.Max(v, bottom)), ticks);
    }

    /// <summary>Quantiles as HdrHistogram plots them: each further nine takes the same room.</summary>
    public static Scale Quantile(long count)
    {
        int nines = Math.Clamp((int)Math.Ceiling(Math.Log10(Math.Max(count, 10))), 2, 6);
        double max = 1 - Math.Pow(10, -nines);
        List<Tick> ticks = [new Tick(0.5, "50 %")];
        for (int i = 1; i <= nines; i++)
        {
            double quantile = 1 - Math.Pow(10, -i);
            ticks.Add(new Tick(quantile, (quantile * 100).ToString("0.####", CultureInfo.InvariantCulture) + " %"));
        }

        return new Scale(0, max, v => -Math.Log10(Math.Max(1 - v, 1e-9)), ticks);
    }

    private static double NiceStep(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        double digit = least / power;
        return power * (digit <= 1.0001 ? 1 : digit <= 2.0001 ? 2 : digit <= 5.0001 ? 5 : 10);
    }

    private static double NiceTimeStep(double least)
    {
        foreach (double seconds in (double[])[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600])
        {
            if (seconds * 1e9 >= least)
            {
                return seconds * 1e9;
            }
        }

        return NiceStep(least / 3600e9) * 3600e9;
    }

    /// <summary>A round duration in the unit that suits <paramref name="endNs"/>.</summary>
    public static string TimeLabel(double ns, double endNs)
    {
        (double unit, string name) = endNs switch
        {
            >= 7200e9 => (3600e9, "h"),
            >= 600e9 => (60e9, "min"),
            >= 1e9 => (1e9, "s"),
            >= 1e6 => (1e6, "ms"),
            >= 1e3 => (1e3, "µs"),
            _ => (1, "ns"),
        };
        return (ns / unit).ToString("0.##", CultureInfo.InvariantCulture) + " " + name;
    }
}
