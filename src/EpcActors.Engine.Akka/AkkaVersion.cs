using System.Reflection;
using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>Version of Akka.NET that this process runs on.</summary>
public static class AkkaVersion
{
    /// <summary>The version of the assembly that is loaded, as its package names it.</summary>
    public static string Loaded { get; } = Of(typeof(ActorSystem).Assembly);

    private static string Of(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? assembly.GetName().Version!.ToString(3);
}
