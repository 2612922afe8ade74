using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>A limit as each place wants it written.</summary>
public static class LimitLines
{
    /// <summary>The value for <c>misc.max</c>, with its file.</summary>
    public static string MiscMax(string path, long pages) => $"echo \"sgx_epc {Bytes(pages)}\" > {File(path)}";

    /// <summary>
    /// The annotation that the NRI plug-in sgx-epc reads; the last part of the path is the container.
    /// </summary>
    public static string Annotation(string path, long pages) =>
        $"epc-limit.nri.io/container.{Container(path)}: \"{Bytes(pages)}\"";

    /// <summary>Request and limit of a container.</summary>
    public static string Resource(long pages) => $"sgx.intel.com/epc: {Bytes(pages)}";

    /// <summary>The key of a scenario.</summary>
    public static string Hocon(string path, long pages) =>
        $"epc.cgroups.{Key(path)}.max = {Number(pages)} pages";

    /// <summary>All lines of a sizing, by the place that they are for.</summary>
    public static IReadOnlyList<(string Place, IReadOnlyList<string> Lines)> All(SizingReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        List<(string Path, long Pages)> limits = [];
        foreach (CgroupSizing one in report.Cgroups)
        {
            if (one.Chosen?.LimitPages is { } pages)
            {
                limits.Add((one.Path, pages));
            }
        }

        return
        [
            ("misc.max", [.. limits.Select(one => MiscMax(one.Path, one.Pages))]),
            ("NRI annotation", [.. limits.Select(one => Annotation(one.Path, one.Pages))]),
            ("Kubernetes resource", [.. limits.Select(one => $"{Resource(one.Pages)}  # {one.Path}")]),
            ("scenario", [.. limits.Select(one => Hocon(one.Path, one.Pages))]),
        ];
    }

    private static string File(string path)
    {
        string file = $"/sys/fs/cgroup{path}/misc.max";
        return file.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? file
            : "'" + file.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    private static string Container(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string Key(string path) =>
        path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_')
            ? path
            : "\"" + path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"",
                StringComparison.Ordinal)
                + "\"";

    private static string Bytes(long pages) => Number(pages * Units.PageBytes);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
