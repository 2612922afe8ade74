using EpcActors.Hocon;

namespace EpcActors.Tests.Conformance;

/// <summary>The scenarios that come with the program, and the kernels that each tells its story on.</summary>
internal static class ShippedScenarios
{
    /// <summary>The repository, above the folder of the test assembly.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Files relative to <see cref="Root"/>, each with every kernel that it names.</summary>
    public static IEnumerable<(string File, string Kernel)> WithKernels()
    {
        foreach (
            string file in Directory
                .GetFiles(Path.Combine(Root, "config", "scenarios"), "*.conf")
                .Order(StringComparer.Ordinal)
                .Append(Path.Combine(Root, "config", "quickstart.conf")))
        {
            HoconObject root = HoconConfig.ParseFile(file).Resolve().Root;
            SortedSet<string> kernels = new(StringComparer.Ordinal);
            if (root.TryGetPath("epc.kernel", out HoconValue? kernel))
            {
                kernels.Add(kernel.AsString());
            }

            if (root.TryGetPath("epc.expect-on", out HoconValue? on))
            {
                kernels.UnionWith(on.AsObject().Keys);
            }

            foreach (string one in kernels)
            {
                yield return (Path.GetRelativePath(Root, file).Replace('\\', '/'), one);
            }
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "EpcActors.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("the tests run outside of the repository");
    }
}
