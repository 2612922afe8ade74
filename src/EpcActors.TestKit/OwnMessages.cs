using System.Reflection;
using EpcActors.Engine;
using EpcActors.Scenarios;

namespace EpcActors.TestKit;

/// <summary>Messages of resources that tests bring along.</summary>
internal static class OwnMessages
{
    /// <summary>Takes the names of a resource's messages for schedules and listings.</summary>
    /// <exception cref="RaceDefinitionException">A message has the code of another one.</exception>
    public static Resource Learn(Resource resource, Mistakes mistakes)
    {
        foreach (
            Type handled in resource
                .GetType()
                .GetInterfaces()
                .Where(one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IHandle<>)))
        {
            Type message = handled.GetGenericArguments()[0];
            ushort code = (ushort)
                message.GetProperty(nameof(IMessage.Code), BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;
            if (!MessageNames.Add(code, message.Name))
            {
                throw mistakes.Add(
                    $"message {message.Name} of {resource.Name} has the code 0x{code:x4} of {MessageNames.Of(code)}; "
                        + "take one from 0xf000 up");
            }
        }

        return resource;
    }
}
