namespace EpcActors.Web.Tests;

/// <summary>A test in a real browser; skipped with its reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Browser.Path is null
        ? "there is no Chromium on this machine (looked for chromium, chromium-browser and google-chrome in PATH)"
        : null;
}
