namespace EpcActors.Tests.Cli;

/// <summary>A theory about a shell; skipped, and says so, where there is none.</summary>
internal sealed class ShellTheoryAttribute : TheoryAttribute
{
    public ShellTheoryAttribute(string shell)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!Array.Exists(folders, folder => folder.Length > 0 && File.Exists(Path.Combine(folder, shell))))
        {
            Skip = $"there is no {shell} on this machine";
        }
    }
}
