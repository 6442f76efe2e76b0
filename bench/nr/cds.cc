// SPDX-License-Identifier: MIT OR Apache-2.0
// libcds: its flat-combining priority queue and stack (the nearest relatives of nr with one replica). Neither can
// look without taking, so they have no reads: only the mixes of 100 % writes are run.
#include "bench/nr/subject.h"

#include <cds/container/fcpriority_queue.h>
#include <cds/container/fcstack.h>
#include <cds/init.h>
#include <cds/threading/model.h>
#include <queue>
#include <stack>
#include <vector>

using Heap = cds::container::FCPriorityQueue<u64, std::priority_queue<u64, std::vector<u64>, std::greater<u64>>>;
using Stack = cds::container::FCStack<u64, std::stack<u64, std::vector<u64>>>;

static void start()
{
	static bool done;
	if (!done)
		cds::Initialize();
	done = true;
}

static void attach(void *, u32)
{
	cds::threading::Manager::attachThread();
}

static void detach(void *, u32)
{
	cds::threading::Manager::detachThread();
}

static u64 mix(u64 x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

static void *make_heap(const struct seq *, u64 keys)
{
	start();
	attach(nullptr, 0);
	Heap *heap = new Heap;
	for (u64 k = 0; k < keys; k++)
		heap->push(mix(k));
	detach(nullptr, 0);
	return heap;
}

static u64 heap_write(void *it, u32, const bench_op *op)
{
	Heap *heap = static_cast<Heap *>(it);
	u64 least = 0;
	if (op->kind == 1 || !heap->pop(least))
		heap->push(op->key);
	return least;
}

static void *make_stack(const struct seq *, u64 keys)
{
	start();
	attach(nullptr, 0);
	Stack *stack = new Stack;
	for (u64 k = 0; k < keys; k++)
		stack->push(k);
	detach(nullptr, 0);
	return stack;
}

static u64 stack_write(void *it, u32, const bench_op *op)
{
	Stack *stack = static_cast<Stack *>(it);
	u64 top = 0;
	if (op->kind == 1 || !stack->pop(top))
		stack->push(op->value);
	return top;
}

static void destroy(void *)
{
	// The process ends.
}

extern "C" const struct subject subject_fcheap = { "libcds_fc", "heap", make_heap, destroy, heap_write, nullptr, attach, detach };
extern "C" const struct subject subject_fcstack = { "libcds_fc", "stack", make_stack, destroy, stack_write, nullptr, attach, detach };
