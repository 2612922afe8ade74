using System.Globalization;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class CultureTests
{
    [Fact]
    public void No_report_depends_on_the_culture()
    {
        // A racy counter goes below nought, so signs count as well.
        RunReport report = SampleReports.Hang() with { FreePageCounter = -12_345 };
        string expected = All(report);
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NegativeSign = "~";
        odd.NumberFormat.NumberDecimalSeparator = ",";
        odd.NumberFormat.NumberGroupSeparator = "'";
        odd.NumberFormat.PercentDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = odd;
            Assert.Equal(expected, All(report));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static string All(RunReport report) =>
        Render.Console(report) + Render.Csv(report) + JsonReport.ToJson(report)
        + Render.Utf8(stream => ChromeTrace.Write(stream, report))
        + Render.Text(writer => OpenMetrics.Write(writer, report))
        + Render.Text(writer => HtmlReport.Write(writer, report))
        + Render.Text(writer => ComparisonReport.WriteHtml(writer, [report, SampleReports.Quiet()]));
}
