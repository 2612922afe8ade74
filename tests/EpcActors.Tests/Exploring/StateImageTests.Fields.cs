using System.Collections;
using System.Reflection;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Waiting;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;
using Mutex = EpcActors.Engine.Mutex;

namespace EpcActors.Tests.Exploring;

/// <content>Every field of every actor shows in the fingerprint.</content>
public sealed partial class StateImageTests
{
    /// <summary>
    /// Every field of every resource and of the classes inside: changed, it shows in exactly one partition, or it is
    /// marked; restored, it is gone.
    /// </summary>
    [Fact]
    public void Every_field_shows_in_the_fingerprint_unless_it_is_no_state()
    {
        Topology topology = Small();

        // Something in every container.
        Run(topology, limitNs: 2_000_000);
        foreach (Resource resource in topology.Resources)
        {
            ClearQueues(resource);
        }

        Reset(topology);
        List<object> roots = [.. topology.Resources];
        StateImage image = StateImage.Take(roots, [topology.Machine.Pages]);
        HashSet<string> tried = [];
        List<string> missed = [];
        for (int i = 0; i < roots.Count; i++)
        {
            Change(roots[i], roots[i].GetType().Name, 0, isNotState: false);
        }

        Assert.Empty(missed);
        Assert.Contains("Enclave._lock._held", tried);
        Assert.Contains("Cgroup.<UsageBytes>k__BackingField", tried);
        Assert.True(tried.Count > 90, $"{tried.Count}");

        void Change(object owner, string path, int depth, bool isNotState)
        {
            foreach (FieldInfo field in StateFields.Of(owner.GetType()))
            {
                string at = $"{path}.{field.Name}";
                if (StateFields.IsConstant(field))
                {
                    continue;
                }

                Try(
                    field.FieldType,
                    () => field.GetValue(owner),
                    value => field.SetValue(owner, value),
                    at,
                    depth,
                    isNotState || StateFields.IsNotState(field),
                    field.IsInitOnly);
            }
        }

        void Try(
            Type type,
            Func<object?> get,
            Action<object?> set,
            string at,
            int depth,
            bool isNotState,
            bool isReadOnly)
        {
            object? value = get();
            if (Other(type, value) is { } other)
            {
                Expect(() => set(other), () => set(value), at, isNotState, isReadOnly);
            }
            else if (type == typeof(Mutex))
            {
                tried.Add(at + "._held");
                Mutex held = (Mutex)value!;
                object boxed = held;
                typeof(Mutex)
                    .GetField("_held", BindingFlags.Instance | BindingFlags.NonPublic)!
                    .SetValue(boxed, !held.IsHeld);
                Expect(() => set(boxed), () => set(held), at, isNotState, isReadOnly);
            }
            else if (type == typeof(WaitQueue))
            {
                WaitQueue queue = default;
                TestTask waiter = new(new ActorId(77), topology.Machine);
                waiter.Attach(new NoDriver(), null);
                queue.Enqueue(waiter.Ask(new ActorId(0), default(WaitChannelProtocol.Wake)));
                Expect(() => set(queue), () => set(value), at, isNotState, isReadOnly);
            }
            else if (type.IsValueType && !type.IsPrimitive)
            {
                foreach (FieldInfo inner in StateFields.Of(type))
                {
                    Try(
                        inner.FieldType,
                        () => inner.GetValue(get()),
                        one =>
                        {
                            object copy = get()!;
                            inner.SetValue(copy, one);
                            set(copy);
                        },
                        $"{at}.{inner.Name}",
                        depth,
                        isNotState || StateFields.IsNotState(inner),
                        isReadOnly);
                }
            }
            else if (value is Array array)
            {
                if (array.Length > 0)
                {
                    int last = Array.FindLastIndex(array.Cast<object?>().ToArray(), one => one is not null);
                    if (last >= 0)
                    {
                        Try(
                            type.GetElementType()!,
                            () => array.GetValue(last),
                            one => array.SetValue(one, last),
                            at + "[]",
                            depth,
                            isNotState,
                            false);
                    }
                }
            }
            else if (value is IList { Count: > 0 } list)
            {
                Try(
                    type.GetGenericArguments()[0],
                    () => list[0],
                    one => list[0] = one,
                    at + "[]",
                    depth,
                    isNotState,
                    false);
            }
            else if (
                value is not null
                && type.Namespace!.StartsWith("EpcActors", StringComparison.Ordinal)
                && !StateFields.IsBoundary(type))
            {
                Assert.True(depth < 5, at);
                Change(value, at, depth + 1, isNotState);
            }
        }

        void Expect(Action change, Action back, string at, bool isNotState, bool isReadOnly)
        {
            tried.Add(at);
            ulong before = image.Fingerprint();
            change();
            bool hasChanged = image.Fingerprint() != before;
            if (isReadOnly)
            {
                back();
            }
            else
            {
                image.Restore();
            }

            if (hasChanged == isNotState)
            {
                missed.Add(isNotState ? $"{at} is not a state, but shows" : $"{at} does not show");
            }

            if (image.Fingerprint() != before)
            {
                missed.Add($"{at} is not restored");
                back();
            }
        }
    }

    private static void ClearQueues(object owner)
    {
        foreach (FieldInfo field in StateFields.Of(owner.GetType()))
        {
            object? value = field.GetValue(owner);
            if (value is WaitQueue)
            {
                field.SetValue(owner, default(WaitQueue));
            }
            else if (value is Mutex mutex)
            {
                mutex.Waiters = default;
                field.SetValue(owner, mutex);
            }
        }
    }

    private static object? Other(Type type, object? value) => value switch
    {
        bool one => !one,
        byte one => (byte)(one ^ 1),
        ushort one => (ushort)(one ^ 1),
        int one => one ^ 1,
        uint one => one ^ 1,
        long one => one ^ 1,
        ulong one => one ^ 1,
        Enum one => Enum.ToObject(type, Convert.ToInt64(one, System.Globalization.CultureInfo.InvariantCulture) ^ 1),
        _ => null,
    };
}
