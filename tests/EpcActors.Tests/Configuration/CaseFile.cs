using System.Runtime.CompilerServices;

namespace EpcActors.Tests.Configuration;

/// <summary>Files in the folder cases beside this one: inputs that were answered wrongly once.</summary>
internal static class CaseFile
{
    public static string PathOf(string name) => Path.Combine(Folder(), name);

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "cases");
}
