namespace EpcActors.Tests.Configuration;

/// <summary>
/// Inputs that were answered wrongly once: the folder cases beside this file, copied beside the tests.
/// </summary>
/// <remarks>Not by the path of this source file: a build for CI writes <c>/_/</c> in its place.</remarks>
internal static class CaseFile
{
    public static string PathOf(string name) =>
        Path.Combine(AppContext.BaseDirectory, "Configuration", "cases", name);
}
